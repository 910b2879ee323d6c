/**
 * Settles as `work` does, or as `onTimeout` does when `work` takes longer. `work` itself goes on; to stop it, let
 * `onTimeout` abort it. When both end at the same time, the first one counts and the other is ignored.
 *
 * @param onTimeout returns the value to resolve with, or throws the error to reject with
 */
export function withDeadline<T>(work: Promise<T>, timeoutMs: number, onTimeout: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      try {
        resolve(onTimeout());
      } catch (error) {
        reject(error instanceof Error ? error : new Error('the deadline was exceeded', { cause: error }));
      }
    }, timeoutMs);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
