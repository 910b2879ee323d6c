import { SyncError } from './sync-error.js';

/**
 * How long a request may wait for the database. KOReader gives up after two seconds without a byte; what is left is
 * for the network and for the answer. A fast 503 is worth more than a late 200: the reader keeps the position and
 * sends it again.
 */
export const REQUEST_DEADLINE_MS = 1500;
/** How late an expired request may be noticed. */
const SWEEP_MS = 50;

/**
 * What a request waits for before it may wait for the next thing: without this, each step would have the whole of the
 * patience for itself. The work goes on, and whoever asks again finds it done.
 *
 * @param sinceMs when the request was there, by `performance.now()`
 * @throws SyncError `unavailable`
 */
export function withDeadline<T>(work: Promise<T>, sinceMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(deadlineExceeded()),
      sinceMs + REQUEST_DEADLINE_MS - performance.now(),
    );
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

export function deadlineExceeded(): SyncError {
  return new SyncError('unavailable', 'The database did not answer in time.');
}

/** One request that waits, settled exactly once. */
export class Deferred<T> {
  readonly promise: Promise<T>;
  readonly deadlineMs: number;
  #settled = false;
  #resolve: (value: T) => void = unset;
  #reject: (error: SyncError) => void = unset;

  constructor(nowMs: number, patienceMs: number) {
    this.deadlineMs = nowMs + patienceMs;
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

/** What the clock needs to know of a waiter, whatever it waits for. */
export type Expiring = Pick<Deferred<unknown>, 'deadlineMs' | 'isSettled' | 'reject'>;

/**
 * Refuses waiters whose time is up. One timer for all of them, and none while nobody waits. It asks its queue who
 * waits instead of keeping a list: thousands of settled waiters held until the next round cost more in garbage
 * collection than the requests themselves (measured: 30 % of all CPU).
 */
export class Patience {
  readonly #waiting: () => Iterable<Expiring>;
  readonly #patienceMs: number;
  #timer: NodeJS.Timeout | undefined;

  /** @param waiting everybody who has begun to wait and may not be settled */
  constructor(waiting: () => Iterable<Expiring>, patienceMs: number = REQUEST_DEADLINE_MS) {
    this.#waiting = waiting;
    this.#patienceMs = patienceMs;
  }

  /** @param sinceMs when the request began to wait, which may have been for something else before */
  begin<T>(sinceMs: number = performance.now()): Deferred<T> {
    this.#timer ??= setInterval(this.#sweep, SWEEP_MS).unref();
    return new Deferred<T>(sinceMs, this.#patienceMs);
  }

  readonly #sweep = (): void => {
    const nowMs = performance.now();
    let isAnybodyWaiting = false;
    for (const waiter of this.#waiting()) {
      if (waiter.isSettled) continue;
      if (waiter.deadlineMs > nowMs) isAnybodyWaiting = true;
      else waiter.reject(deadlineExceeded());
    }
    if (isAnybodyWaiting) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  };
}
