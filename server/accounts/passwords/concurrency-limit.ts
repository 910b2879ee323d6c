import { setTimeout as delay } from 'node:timers/promises';
import pLimit, { type LimitFunction } from 'p-limit';

export interface ConcurrencyLimitOptions {
  /** The largest number of tasks that run at the same time. */
  readonly concurrency: number;
  /** The largest number of tasks that wait. Further tasks are refused at once. */
  readonly maxWaiting: number;
  /** How long a task keeps its place after its end. Slows down work that must be slow. Default: not at all. */
  readonly pauseMs?: number;
}

/** Runs a bounded number of tasks at once and queues a bounded number, first come, first served. */
export class ConcurrencyLimit {
  readonly #limit: LimitFunction;
  readonly #capacity: number;
  readonly #pauseMs: number | undefined;

  constructor({ concurrency, maxWaiting, pauseMs }: ConcurrencyLimitOptions) {
    this.#limit = pLimit(concurrency);
    this.#capacity = concurrency + maxWaiting;
    this.#pauseMs = pauseMs;
  }

  /** @returns `undefined` at once when the queue is full; `work` is not called then */
  tryRun<T>(work: () => Promise<T>): Promise<T> | undefined {
    if (this.#limit.activeCount + this.#limit.pendingCount >= this.#capacity) return undefined;
    const pauseMs = this.#pauseMs;
    if (pauseMs === undefined) return this.#limit(work);
    return new Promise((resolve) => {
      // The caller gets the result before the pause. The next task starts after it.
      void this.#limit(async () => {
        const result = (async () => work())();
        resolve(result);
        await Promise.allSettled([result]);
        await delay(pauseMs, undefined, { ref: false });
      });
    });
  }
}
