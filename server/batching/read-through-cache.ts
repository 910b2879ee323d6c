import type { LRUCache } from 'lru-cache';
import { lruCache } from './lru-cache.js';
import { isRetryable } from '../database/database-error.js';
import { KEYS_PER_READ, PullQueue, WAITING_KEYS } from './pull-queue.js';

/**
 * How long a value is served from the cache. A revoked key or a disabled user must stop working on every server within
 * five seconds; the remaining second is for the reads and requests that are under way.
 */
export const DEFAULT_TTL_MS = 4000;

/** How exactly that time is kept. The cache asks the clock, and sets a timer, at most once in this time. */
const TTL_RESOLUTION_MS = 50;

export interface ReadThroughCacheOptions<Value> {
  /** Reads many keys in one statement. Keys without a value are left out of the result. */
  readonly read: (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>;
  /** The largest number of entries; the least recently used are dropped first. */
  readonly entries: number;
  readonly ttlMs?: number;
}

/**
 * A cache of database rows by text key. Misses that wait share one read, and one read at a time is enough: misses
 * gather while it is under way. The absence of a value is never cached, because an account must work at the moment it
 * is registered and a document at the moment its book is found.
 */
export class ReadThroughCache<Value extends object> {
  readonly #queue: PullQueue<string, Value>;
  readonly #values: LRUCache<string, Value>;
  /** Incremented by every invalidation. A read that began under an older number may be stale and is not cached. */
  #invalidations = 0;

  constructor({ read, entries, ttlMs = DEFAULT_TTL_MS }: ReadThroughCacheOptions<Value>) {
    this.#queue = new PullQueue({
      read: async (keys) => {
        const values = await read(keys);
        return keys.map((key) => values.get(key));
      },
      textOf: (text) => text,
      isRetryable,
      keysPerRead: KEYS_PER_READ,
      readsAtOnce: 1,
      waitingKeys: WAITING_KEYS,
    });
    this.#values = lruCache(entries, { ttl: ttlMs, ttlResolution: Math.min(TTL_RESOLUTION_MS, ttlMs) });
  }

  /** The cached value, without a read. `undefined` says nothing about the database. */
  peek(key: string): Value | undefined {
    return this.#values.get(key);
  }

  /** @throws SyncError `overloaded`, `unavailable` */
  async get(key: string): Promise<Value | undefined> {
    return this.#values.get(key) ?? this.readFresh(key);
  }

  /**
   * Reads the database even if a value is cached, for decisions that a stale value would get wrong.
   *
   * @throws SyncError `overloaded`, `unavailable`
   */
  async readFresh(key: string): Promise<Value | undefined> {
    // The row may be as old as this moment, so its time to live counts from here and not from the end of the read.
    const startMs = performance.now();
    const invalidations = this.#invalidations;
    const value = await this.#queue.pull(key);
    if (invalidations !== this.#invalidations) return value;
    if (value === undefined) this.#values.delete(key);
    else this.#values.set(key, value, { start: startMs });
    return value;
  }

  /** After a change that was made through this server: it takes effect here at once. */
  invalidate(key: string): void {
    this.#invalidations++;
    this.#values.delete(key);
  }

  invalidateAll(): void {
    this.#invalidations++;
    this.#values.clear();
  }

  get size(): number {
    return this.#values.size;
  }
}
