import { setTimeout as delay } from 'node:timers/promises';
import { SyncError } from './sync-error.js';
import { type Expiring, Patience, type Deferred } from './deadline.js';

export interface PullQueueOptions<Key, Value> {
  /** Reads all keys together; a key without a value is left out of the result, which is keyed by `textOf`. */
  readonly read: (keys: readonly Key[]) => Promise<ReadonlyMap<string, Value>>;
  readonly textOf: (key: Key) => string;
  /** How many keys a key counts for in the bounds below; always the same for one text. Without it, one. */
  readonly sizeOf?: (key: Key) => number;
  readonly isRetryable: (error: unknown) => boolean;
  /** The last key of a read may be one that goes beyond. */
  readonly keysPerRead: number;
  /** How many reads may be under way; each takes a connection. */
  readonly readsAtOnce: number;
  /** Keys that may wait; past that a pull is refused at once. The last one may be one that goes beyond. */
  readonly waitingKeys: number;
  readonly patienceMs?: number;
}

interface Pull<Key, Value> {
  readonly key: Key;
  readonly waiter: Deferred<Value | undefined>;
}

/** The first pause before a read is tried again, doubled each time up to the longest. */
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 200;

/**
 * Pulls that wait share one read. While all reads are under way the waiting ones gather; on an idle server a pull is
 * read at the end of the tick it came in. Pulls of one key share its answer. A read begins after every pull in it
 * arrived, so whoever pulls after an acknowledged push sees that push.
 */
export class PullQueue<Key, Value> {
  readonly #options: PullQueueOptions<Key, Value>;
  readonly #patience: Patience;
  readonly #waiting = new Map<string, Pull<Key, Value>>();
  /** The sum of their sizes. */
  #waitingKeys = 0;
  readonly #underWay = new Set<ReadonlyMap<string, Pull<Key, Value>>>();
  #reading = 0;
  #isScheduled = false;

  constructor(options: PullQueueOptions<Key, Value>) {
    this.#options = options;
    this.#patience = new Patience(() => this.#waiters(), options.patienceMs);
  }

  /** Keys, each as `sizeOf` counts it. */
  get waiting(): number {
    return this.#waitingKeys;
  }

  /** @throws SyncError `overloaded` at once, `unavailable` when the reader's patience ends */
  pull(key: Key): Promise<Value | undefined> {
    const text = this.#options.textOf(key);
    const waiting = this.#waiting.get(text);
    if (waiting !== undefined && !waiting.waiter.isSettled) return waiting.waiter.promise;
    if (this.#waitingKeys >= this.#options.waitingKeys) {
      return Promise.reject(new SyncError('overloaded', 'Too many requests are waiting for the database.'));
    }
    const waiter = this.#patience.begin<Value | undefined>();
    // One that gave up waiting has its place, and is counted.
    if (waiting === undefined) this.#waitingKeys += this.#sizeOf(key);
    this.#waiting.set(text, { key, waiter });
    if (!this.#isScheduled && this.#reading < this.#options.readsAtOnce) {
      // Not a microtask: uWebSockets.js runs those after each request, and the tick may bring many.
      this.#isScheduled = true;
      setImmediate(this.#start);
    }
    return waiter.promise;
  }

  readonly #start = (): void => {
    this.#isScheduled = false;
    while (this.#reading < this.#options.readsAtOnce && this.#waiting.size > 0) {
      const pulls = this.#takePulls();
      if (pulls.size === 0) return;
      this.#reading++;
      this.#underWay.add(pulls);
      void this.#readAll(pulls).finally(() => {
        this.#underWay.delete(pulls);
        this.#reading--;
        this.#start();
      });
    }
  };

  *#waiters(): Generator<Expiring> {
    for (const { waiter } of this.#waiting.values()) yield waiter;
    for (const pulls of this.#underWay) for (const { waiter } of pulls.values()) yield waiter;
  }

  #takePulls(): Map<string, Pull<Key, Value>> {
    const pulls = new Map<string, Pull<Key, Value>>();
    let size = 0;
    for (const [text, pull] of this.#waiting) {
      if (size >= this.#options.keysPerRead) break;
      const pullSize = this.#sizeOf(pull.key);
      this.#waiting.delete(text);
      this.#waitingKeys -= pullSize;
      if (pull.waiter.isSettled) continue;
      pulls.set(text, pull);
      size += pullSize;
    }
    return pulls;
  }

  #sizeOf(key: Key): number {
    return this.#options.sizeOf?.(key) ?? 1;
  }

  /** Tries until it works or nobody waits any more. Never rejects: every outcome goes to the waiters. */
  async #readAll(pulls: Map<string, Pull<Key, Value>>): Promise<void> {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      for (const [text, pull] of pulls) if (pull.waiter.isSettled) pulls.delete(text);
      if (pulls.size === 0) return;
      try {
        const values = await this.#options.read([...pulls.values()].map((pull) => pull.key));
        for (const [text, { waiter }] of pulls) if (!waiter.isSettled) waiter.resolve(values.get(text));
        return;
      } catch (error) {
        if (!this.#options.isRetryable(error)) {
          const failure = new SyncError('unavailable', 'The database could not read this.', error);
          for (const { waiter } of pulls.values()) if (!waiter.isSettled) waiter.reject(failure);
          return;
        }
      }
      await delay(pauseMs * (0.5 + Math.random()));
    }
  }
}
