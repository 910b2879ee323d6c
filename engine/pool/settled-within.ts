/**
 * Resolves when `promise` has settled, or after `deadlineMs`, whichever is first. It never rejects; a rejection of the
 * promise is ignored.
 */
export async function settledWithin(promise: Promise<unknown>, deadlineMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, deadlineMs);
  });
  const settled = promise.then(
    () => undefined,
    () => undefined,
  );
  await Promise.race([settled, deadline]);
  clearTimeout(timer);
}
