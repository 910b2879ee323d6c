import type { LRUCache } from 'lru-cache';
import { lruCache } from './lru-cache.js';
import { isRetryable } from '../database/database-error.js';
import type { MarkWatch } from './mark-watch.js';
import { KEYS_PER_READ, PullQueue, WAITING_KEYS } from './pull-queue.js';

/**
 * How long a value is served from the cache. A revoked key or a disabled user must stop working on every server within
 * five seconds; the remaining second is for the reads and requests that are under way.
 */
export const DEFAULT_TTL_MS = 4000;

/** How long a value is served at most where a mark says that nothing has changed: somebody may edit the database by hand. */
const LONGEST_MS = 10 * 60_000;

export interface ReadThroughCacheOptions<Value> {
  /** Reads many keys in one statement. Keys without a value are left out of the result. */
  readonly read: (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>;
  /** The largest number of entries; the least recently used are dropped first. */
  readonly entries: number;
  readonly ttlMs?: number;
  /** Changes with everything that `read` reads. Where it has not changed, a value is served for longer than `ttlMs`. */
  readonly watch?: MarkWatch;
}

interface CachedValue<Value> {
  readonly value: Value;
  /** When its read began, by `performance.now()`, in whole milliseconds: such numbers take no memory of their own. */
  readonly readMs: number;
}

/**
 * A cache of database rows by text key. Misses that wait share one read, and one read at a time is enough: misses
 * gather while it is under way. The absence of a value is never cached, because an account must work at the moment it
 * is registered and a document at the moment its book is found.
 */
export class ReadThroughCache<Value extends object> {
  readonly #queue: PullQueue<string, Value>;
  readonly #entries: LRUCache<string, CachedValue<Value>>;
  readonly #ttlMs: number;
  readonly #watch: MarkWatch | undefined;
  /** Incremented by every invalidation. A read that began under an older number may be stale and is not cached. */
  #invalidations = 0;

  constructor({ read, entries, ttlMs = DEFAULT_TTL_MS, watch }: ReadThroughCacheOptions<Value>) {
    this.#queue = new PullQueue({
      read: (keys) => this.#readAndCache(keys, read),
      textOf: (text) => text,
      isRetryable,
      keysPerRead: KEYS_PER_READ,
      readsAtOnce: 1,
      waitingKeys: WAITING_KEYS,
    });
    this.#entries = lruCache(entries);
    this.#ttlMs = ttlMs;
    this.#watch = watch;
  }

  /** The cached value, without a read. `undefined` says nothing about the database. */
  peek(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    return entry !== undefined && this.#isFresh(entry.readMs) ? entry.value : undefined;
  }

  #isFresh(readMs: number): boolean {
    const nowMs = performance.now();
    if (this.#watch === undefined) return nowMs - readMs < this.#ttlMs;
    return nowMs - this.#watch.rightAt(readMs, nowMs) < this.#ttlMs && nowMs - readMs < LONGEST_MS;
  }

  /**
   * @param sinceMs arrival of the request, by `performance.now()`; its deadline counts from then. Default: now
   * @throws SyncError `overloaded`, `unavailable`
   */
  get(key: string, sinceMs?: number): Promise<Value | undefined> {
    const cached = this.peek(key);
    return cached === undefined ? this.readFresh(key, sinceMs) : Promise.resolve(cached);
  }

  /**
   * Reads the database even if a value is cached, for decisions that a stale value would get wrong.
   *
   * @param sinceMs as for `get`
   * @throws SyncError `overloaded`, `unavailable`
   */
  readFresh(key: string, sinceMs?: number): Promise<Value | undefined> {
    return this.#queue.pull(key, sinceMs);
  }

  /** Once for all requests that share the read: for each of them it would take one more promise. */
  async #readAndCache(
    keys: readonly string[],
    read: ReadThroughCacheOptions<Value>['read'],
  ): Promise<readonly (Value | undefined)[]> {
    // The rows may be as old as this moment, so their time to live counts from here and not from the end of the read.
    const readMs = Math.floor(performance.now());
    const invalidations = this.#invalidations;
    this.#watch?.lookIfDue(readMs);
    const values = await read(keys);
    const isCurrent = invalidations === this.#invalidations;
    return keys.map((key) => {
      const value = values.get(key);
      if (value === undefined) this.#entries.delete(key);
      else if (isCurrent) this.#entries.set(key, { value, readMs });
      return value;
    });
  }

  /** After a change that was made through this server: it takes effect here at once. */
  invalidate(key: string): void {
    this.#invalidations++;
    this.#entries.delete(key);
  }

  invalidateAll(): void {
    this.#invalidations++;
    this.#entries.clear();
  }

  get size(): number {
    return this.#entries.size;
  }
}
