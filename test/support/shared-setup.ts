import { afterAll, beforeEach } from 'vitest';

/**
 * What the tests of a file share: made before the first of them, closed after the last. A test that is tried again gets
 * a new one, because the try that failed may have changed it.
 */
export function sharedSetup<Shared>(
  make: () => Promise<Shared>,
  close: (shared: Shared) => Promise<void> = () => Promise.resolve(),
): () => Shared {
  let made: { readonly shared: Shared } | undefined;
  const end = async (): Promise<void> => {
    const ended = made;
    made = undefined;
    if (ended !== undefined) await close(ended.shared);
  };
  beforeEach(async ({ task }) => {
    if ((task.result?.retryCount ?? 0) > 0) await end();
    made ??= { shared: await make() };
  });
  afterAll(end);
  return () => {
    if (made === undefined) throw new Error('what the tests share is made before the first test');
    return made.shared;
  };
}
