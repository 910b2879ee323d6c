/**
 * Runs all steps, one after the other, also when one of them fails: what a step would have closed must not stay open
 * because of another.
 *
 * @throws the error of the first step that failed, after all have run
 */
export async function closeAll(...steps: readonly (() => unknown)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}
