/**
 * Runs asynchronous writes, at most so many at a time; `submit` waits for a free place, so that whoever
 * produces the work is held back to the speed of the database. The first failure is thrown to the producer.
 */
export class BatchWriter {
  readonly #concurrency: number;
  readonly #running = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(concurrency: number) {
    this.#concurrency = concurrency;
  }

  async submit(write: () => Promise<void>): Promise<void> {
    while (this.#running.size >= this.#concurrency) await Promise.race(this.#running);
    this.#throwFailure();
    const running = write()
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#running.delete(running);
      });
    this.#running.add(running);
  }

  /** Waits for everything submitted. */
  async drain(): Promise<void> {
    await Promise.all(this.#running);
    this.#throwFailure();
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
