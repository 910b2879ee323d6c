/**
 * Resolves when `promise` has resolved, or after `deadlineMs`, whichever is first. Rejects when the promise rejects before
 * the deadline; a later rejection is ignored.
 */
export async function settledWithin(promise: Promise<unknown>, deadlineMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, deadlineMs);
  });
  try {
    await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
