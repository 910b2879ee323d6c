import { SyncError } from '../domain/sync-error.js';

/**
 * How long a request may wait for the database. KOReader gives up after two seconds without a byte; what is left is
 * for the network and for the answer. A fast 503 is worth more than a late 200: the reader keeps the position and
 * sends it again.
 */
export const PATIENCE_MS = 1500;
/** How late an expired request may be noticed. */
const SWEEP_MS = 50;

/** One request that waits, settled exactly once. */
export class Waiter<T> {
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
type Expiring = Pick<Waiter<unknown>, 'deadlineMs' | 'isSettled' | 'reject'>;

/** Refuses waiters whose time is up. One timer for all of them, and none while nobody waits. */
export class Patience {
  readonly #patienceMs: number;
  #waiters: Expiring[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(patienceMs: number = PATIENCE_MS) {
    this.#patienceMs = patienceMs;
  }

  begin<T>(): Waiter<T> {
    const waiter = new Waiter<T>(performance.now(), this.#patienceMs);
    this.#waiters.push(waiter);
    this.#timer ??= setInterval(this.#sweep, SWEEP_MS).unref();
    return waiter;
  }

  readonly #sweep = (): void => {
    const nowMs = performance.now();
    const waiting: Expiring[] = [];
    for (const waiter of this.#waiters) {
      if (waiter.isSettled) continue;
      if (waiter.deadlineMs > nowMs) waiting.push(waiter);
      else waiter.reject(new SyncError('unavailable', 'The database did not answer in time.'));
    }
    this.#waiters = waiting;
    if (waiting.length > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  };
}
