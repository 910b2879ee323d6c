export interface ConcurrencyLimitOptions {
  readonly atOnce: number;
  /** How many may wait for their turn; past that the answer is immediate. */
  readonly waiting: number;
  /** How long a place stays taken after its work is done: paces work that is meant to be slow. */
  readonly pauseMs?: number;
}

/** Lets a bounded number of tasks run at once and a bounded number wait, first come, first served. */
export class ConcurrencyLimit {
  readonly #options: ConcurrencyLimitOptions;
  readonly #queue: (() => void)[] = [];
  #running = 0;

  constructor(options: ConcurrencyLimitOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** @returns `undefined` when the queue is full; nothing was started then */
  tryRun<T>(work: () => Promise<T>): Promise<T> | undefined {
    if (this.#running < this.#options.atOnce) {
      this.#running++;
      return this.#run(work);
    }
    if (this.#queue.length >= this.#options.waiting) return undefined;
    return new Promise<void>((resolve) => {
      this.#queue.push(resolve);
    }).then(() => this.#run(work));
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } finally {
      const { pauseMs } = this.#options;
      if (pauseMs === undefined) this.#passOn();
      else setTimeout(this.#passOn, pauseMs).unref();
    }
  }

  /** Hands the place to the next one waiting, so that a newcomer cannot slip in between. */
  readonly #passOn = (): void => {
    const next = this.#queue.shift();
    if (next === undefined) this.#running--;
    else next();
  };
}
