import { setTimeout as delay } from 'node:timers/promises';
import { withDeadline } from '../domain/deadline.js';
import { SyncError } from '../domain/sync-error.js';

/**
 * How long a request may wait for the database, counted from its arrival. KOReader gives up after two seconds without a
 * byte; the difference is for the network and for writing the answer. A fast 503 is worth more than a late 200: the
 * reader keeps the position and sends it again.
 */
export const REQUEST_DEADLINE_MS = 1500;
/** Pause before the first retry within a deadline. It doubles with each retry up to the longest pause. */
export const FIRST_PAUSE_MS = 10;
export const LONGEST_PAUSE_MS = 200;
/** Interval at which expired requests are looked for, so an expired request is answered at most this much late. */
const SWEEP_MS = 50;

/**
 * Waits for `work` until the request's deadline. A request that waits for several steps one after the other passes the
 * same `sinceMs` to each of them: otherwise every step would get the full time. The work goes on after the deadline,
 * and its result is cached for the next request.
 *
 * @param sinceMs arrival of the request, by `performance.now()`
 * @throws SyncError `unavailable` when the deadline is exceeded
 */
export function withinRequestDeadline<T>(work: Promise<T>, sinceMs: number): Promise<T> {
  return withDeadline(work, sinceMs + REQUEST_DEADLINE_MS - performance.now(), () => {
    throw deadlineExceeded();
  });
}

export function deadlineExceeded(): SyncError {
  return new SyncError('unavailable', 'The database did not answer in time.');
}

/** The promise of one waiting request. It must be settled once; later calls have no effect. */
export class Deferred<T> {
  readonly promise: Promise<T>;
  readonly deadlineMs: number;
  #settled = false;
  #resolve: (value: T) => void = unset;
  #reject: (error: SyncError) => void = unset;

  constructor(deadlineMs: number) {
    this.deadlineMs = deadlineMs;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get isSettled(): boolean {
    return this.#settled;
  }

  resolve(value: T): void {
    this.#settled = true;
    this.#resolve(value);
  }

  reject(error: SyncError): void {
    this.#settled = true;
    this.#reject(error);
  }
}

function unset(): void {
  throw new Error('a promise runs its executor before its constructor returns');
}

/**
 * A pause before a retry, with jitter. It ends at the last deadline of those that wait at the latest: what waits behind them
 * begins then.
 */
export async function pauseBeforeRetry(pauseMs: number, waiting: Iterable<Expiring>): Promise<void> {
  let lastMs = -Infinity;
  for (const { isSettled, deadlineMs } of waiting) if (!isSettled) lastMs = Math.max(lastMs, deadlineMs);
  await delay(Math.max(0, Math.min(pauseMs * (0.5 + Math.random()), lastMs - performance.now())));
}

/** The part of a {@link Deferred} that the sweep needs, whatever type it resolves with. */
export type Expiring = Pick<Deferred<unknown>, 'deadlineMs' | 'isSettled' | 'reject'>;

/**
 * Rejects requests whose deadline has passed, with one interval timer for a whole queue and none while the queue is
 * empty. The sweep asks the queue for its requests instead of keeping a list of its own: a list would hold thousands of
 * settled requests until the next sweep, and their garbage collection took 30 % of all processor time (measured).
 */
export class DeadlineSweep {
  readonly #waiting: () => Iterable<Expiring>;
  readonly #timeoutMs: number;
  #timer: NodeJS.Timeout | undefined;

  /** @param waiting iterates over every request of the queue that may not be settled */
  constructor(waiting: () => Iterable<Expiring>, timeoutMs: number = REQUEST_DEADLINE_MS) {
    this.#waiting = waiting;
    this.#timeoutMs = timeoutMs;
  }

  /** @param sinceMs when the request arrived, by `performance.now()`; it may have waited for something else before */
  begin<T>(sinceMs: number = performance.now()): Deferred<T> {
    this.#timer ??= setInterval(this.#sweep, SWEEP_MS).unref();
    return new Deferred<T>(sinceMs + this.#timeoutMs);
  }

  readonly #sweep = (): void => {
    const nowMs = performance.now();
    let isAnyWaiting = false;
    for (const request of this.#waiting()) {
      if (request.isSettled) continue;
      if (request.deadlineMs > nowMs) isAnyWaiting = true;
      else request.reject(deadlineExceeded());
    }
    if (isAnyWaiting) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  };
}
