import { SyncError } from '../domain/sync-error.js';
import {
  type Deferred,
  DeadlineSweep,
  type Expiring,
  FIRST_PAUSE_MS,
  LONGEST_PAUSE_MS,
  pauseBeforeRetry,
} from './request-deadline.js';
import { WaitingShares } from './waiting-shares.js';

export interface PullQueueOptions<Key, Value> {
  /** Reads all keys together. Resolves with their values in the order of the keys; `undefined` for a key without one. */
  readonly read: (keys: readonly Key[]) => Promise<readonly (Value | undefined)[]>;
  readonly textOf: (key: Key) => string;
  /** How much a key counts towards the bounds below. Must be the same for keys with equal texts. Default: 1. */
  readonly sizeOf?: (key: Key) => number;
  /** Whose share of the queue a pull takes. Default: all pulls share one queue. */
  readonly ownerOf?: (key: Key) => number;
  readonly isRetryable: (error: unknown) => boolean;
  /** Largest size of one read. The key that crosses it is still part of the read. */
  readonly keysPerRead: number;
  /** How many reads may be under way. Each takes a connection. Asked before each read: it may change. */
  readonly readsAtOnce: number;
  /** Largest size of the waiting keys. Beyond it a pull is rejected at once; the key that crosses it is accepted. */
  readonly waitingKeys: number;
  /** Largest size of the waiting keys of one owner. Beyond it a pull of this owner is rejected at once. Default: no bound. */
  readonly waitingPerOwner?: number;
  readonly timeoutMs?: number;
}

/** The usual bounds: a statement of 256 keys takes a few milliseconds, and 8,192 waiting keys some 200 ms. */
export const KEYS_PER_READ = 256;
export const WAITING_KEYS = 8192;

interface Pull<Key, Value> {
  readonly key: Key;
  readonly request: Deferred<Value | undefined>;
}

/**
 * Shares reads between requests: all keys that wait are read with one statement. Keys gather while the allowed number
 * of reads is under way; on an idle server a key is read at the end of the event loop's tick in which it arrived.
 * Requests for the same key share one answer. A read begins after all its requests have arrived, so a pull that follows
 * an acknowledged push returns that push.
 */
export class PullQueue<Key, Value> {
  readonly #options: PullQueueOptions<Key, Value>;
  readonly #deadlines: DeadlineSweep;
  #waiting = new Map<string, Pull<Key, Value>>();
  /** The sum of the sizes of the waiting keys. */
  #waitingKeys = 0;
  readonly #shares: WaitingShares;
  #underWay: readonly (readonly Pull<Key, Value>[])[] = [];
  #reading = 0;
  #isScheduled = false;

  constructor(options: PullQueueOptions<Key, Value>) {
    this.#options = options;
    this.#shares = new WaitingShares(options.waitingPerOwner ?? Infinity);
    this.#deadlines = new DeadlineSweep(() => this.#pendingRequests(), options.timeoutMs);
  }

  /** The size of the waiting keys, as `sizeOf` counts it. */
  get waiting(): number {
    return this.#waitingKeys;
  }

  /**
   * @param sinceMs arrival of the request, by `performance.now()`; its deadline counts from then. Default: now
   * @throws SyncError `overloaded` at once; `unavailable` at the request's deadline, or when the read fails for good
   */
  pull(key: Key, sinceMs?: number): Promise<Value | undefined> {
    const text = this.#options.textOf(key);
    const waiting = this.#waiting.get(text);
    if (waiting !== undefined && !waiting.request.isSettled) return waiting.request.promise;
    if (this.#waitingKeys >= this.#options.waitingKeys) {
      return Promise.reject(new SyncError('overloaded', 'Too many requests are waiting for the database.'));
    }
    // A request for the same key that has expired still occupies its place in the map, and its size is counted.
    if (waiting === undefined) {
      if (!this.#shares.add(this.#ownerOf(key), this.#sizeOf(key))) {
        return Promise.reject(
          new SyncError('overloaded', 'Too many requests of this user are waiting for the database.'),
        );
      }
      this.#waitingKeys += this.#sizeOf(key);
    }
    const request = this.#deadlines.begin<Value | undefined>(sinceMs);
    this.#waiting.set(text, { key, request });
    if (!this.#isScheduled && this.#reading < this.#options.readsAtOnce) {
      // Not a microtask: uWebSockets.js runs microtasks after each request, and one tick may bring many requests.
      this.#isScheduled = true;
      setImmediate(this.#start);
    }
    return request.promise;
  }

  readonly #start = (): void => {
    this.#isScheduled = false;
    while (this.#reading < this.#options.readsAtOnce && this.#waiting.size > 0) {
      const pulls = this.#takePulls();
      if (pulls.length === 0) return;
      this.#reading++;
      this.#underWay = [...this.#underWay, pulls];
      void this.#readAll(pulls);
    }
  };

  *#pendingRequests(): Generator<Expiring> {
    for (const { request } of this.#waiting.values()) yield request;
    for (const pulls of this.#underWay) for (const { request } of pulls) yield request;
  }

  #takePulls(): readonly Pull<Key, Value>[] {
    if (this.#waitingKeys <= this.#options.keysPerRead) return this.#takeAll();
    const pulls: Pull<Key, Value>[] = [];
    let size = 0;
    for (const [text, pull] of this.#waiting) {
      if (size >= this.#options.keysPerRead) break;
      const pullSize = this.#sizeOf(pull.key);
      this.#waiting.delete(text);
      this.#waitingKeys -= pullSize;
      this.#shares.remove(this.#ownerOf(pull.key), pullSize);
      if (pull.request.isSettled) continue;
      pulls.push(pull);
      size += pullSize;
    }
    return pulls;
  }

  /**
   * A new map instead of deletions: a map that grows and shrinks leaves old tables behind that refer to the next one, and
   * V8 then kept 2 kB of each request until its next full collection (measured). So does a set, thus `#underWay` is none.
   */
  #takeAll(): readonly Pull<Key, Value>[] {
    const pulls = [...this.#waiting.values()].filter(isUnanswered);
    this.#waiting = new Map();
    this.#waitingKeys = 0;
    this.#shares.clear();
    return pulls;
  }

  #ownerOf(key: Key): number {
    return this.#options.ownerOf?.(key) ?? 0;
  }

  #sizeOf(key: Key): number {
    return this.#options.sizeOf?.(key) ?? 1;
  }

  /** Never rejects. */
  async #readAll(pulls: readonly Pull<Key, Value>[]): Promise<void> {
    const settle = await this.#outcomeOf(pulls);
    this.#underWay = this.#underWay.filter((other) => other !== pulls);
    this.#reading--;
    // Before the answers are written, so that the database works meanwhile.
    this.#start();
    settle();
  }

  /** Retries until the read succeeds, fails for good, or every request has expired. Never rejects. */
  async #outcomeOf(pulls: readonly Pull<Key, Value>[]): Promise<() => void> {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      const pending = pulls.filter(isUnanswered);
      if (pending.length === 0) return () => undefined;
      try {
        const values = await this.#options.read(pending.map(({ key }) => key));
        return () => {
          for (const [index, { request }] of pending.entries()) {
            if (!request.isSettled) request.resolve(values[index]);
          }
        };
      } catch (error) {
        if (!this.#options.isRetryable(error)) {
          const failure = new SyncError('unavailable', 'The database could not read this.', error);
          return () => {
            for (const { request } of pending) if (!request.isSettled) request.reject(failure);
          };
        }
      }
      await pauseBeforeRetry(
        pauseMs,
        pending.map(({ request }) => request),
      );
    }
  }
}

function isUnanswered({ request }: { readonly request: Pick<Expiring, 'isSettled'> }): boolean {
  return !request.isSettled;
}
