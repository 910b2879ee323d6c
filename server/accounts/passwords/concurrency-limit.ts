import { setTimeout as delay } from 'node:timers/promises';
import { SharedTurns } from './shared-turns.js';

export interface ConcurrencyLimitOptions {
  /** The largest number of tasks that run at the same time. */
  readonly concurrency: number;
  /** The largest number of tasks that wait. Further tasks are refused at once. */
  readonly maxWaiting: number;
  /** How long a task keeps its place after its end. Slows down work that must be slow. Default: not at all. */
  readonly pauseMs?: number;
  /** Shared with the limits of other threads: the numbers above then hold for all of them together. Default: not. */
  readonly turns?: SharedTurns | undefined;
}

/**
 * How often a thread whose tasks wait for those of other threads looks whether their turn has come. A task takes 40 ms
 * (scrypt), so little time is lost. While a thread has no waiting task it does not look.
 */
const LOOK_MS = 5;

interface WaitingTask {
  readonly turn: number;
  readonly run: () => Promise<void>;
}

/** Runs a bounded number of tasks at once and queues a bounded number, first come, first served. */
export class ConcurrencyLimit {
  readonly #concurrency: number;
  readonly #capacity: number;
  readonly #pauseMs: number | undefined;
  readonly #turns: SharedTurns;
  /** The tasks of this thread, in the order of their turns. */
  readonly #waiting: WaitingTask[] = [];
  #looking: NodeJS.Timeout | undefined;

  constructor({ concurrency, maxWaiting, pauseMs, turns = new SharedTurns() }: ConcurrencyLimitOptions) {
    this.#concurrency = concurrency;
    this.#capacity = concurrency + maxWaiting;
    this.#pauseMs = pauseMs;
    this.#turns = turns;
  }

  /** @returns `undefined` at once when the queue is full; `work` is not called then */
  tryRun<T>(work: () => Promise<T>): Promise<T> | undefined {
    const turn = this.#turns.take(this.#capacity);
    if (turn === undefined) return undefined;
    return new Promise((resolve) => {
      const run = async (): Promise<void> => {
        const result = (async () => work())();
        // The caller gets the result before the pause. The next task starts after it.
        resolve(result);
        await Promise.allSettled([result]);
        if (this.#pauseMs !== undefined) await delay(this.#pauseMs, undefined, { ref: false });
        this.#turns.end();
        this.#startWaiting();
      };
      this.#waiting.push({ turn, run });
      this.#startWaiting();
    });
  }

  #startWaiting(): void {
    for (let [next] = this.#waiting; next !== undefined; [next] = this.#waiting) {
      if (!this.#turns.isUp(next.turn, this.#concurrency)) break;
      this.#waiting.shift();
      void next.run();
    }
    if (this.#waiting.length > 0) this.#looking ??= setInterval(() => this.#startWaiting(), LOOK_MS);
    else {
      clearInterval(this.#looking);
      this.#looking = undefined;
    }
  }
}
