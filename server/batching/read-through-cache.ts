import { LRUCache } from 'lru-cache';
import type { PullQueue } from './pull-queue.js';

/**
 * How long a server goes by what it read. Revoking a key or disabling a user has to work within five seconds on
 * every server; the rest of them is for the reads and requests that were under way.
 */
export const DEFAULT_TTL_MS = 4000;

export interface ReadThroughCacheOptions {
  /** Entries kept; the ones longest unused go first. */
  readonly entries: number;
  readonly rememberedMs?: number;
}

/**
 * Shared reads whose results are remembered for a moment. What is absent is not remembered: an account must work the
 * moment it is registered, and a document the moment its book is found.
 */
export class ReadThroughCache<Value extends object> {
  readonly #queue: PullQueue<string, Value>;
  readonly #values: LRUCache<string, Value>;
  /** What was read before the last of them may be from before the change. */
  #changes = 0;

  constructor(
    queue: PullQueue<string, Value>,
    { entries, rememberedMs = DEFAULT_TTL_MS }: ReadThroughCacheOptions,
  ) {
    this.#queue = queue;
    this.#values = new LRUCache({ max: entries, ttl: rememberedMs });
  }

  /** What is remembered; `undefined` says nothing about the database. */
  peek(key: string): Value | undefined {
    return this.#values.get(key);
  }

  async read(key: string): Promise<Value | undefined> {
    return this.#values.get(key) ?? this.readAnew(key);
  }

  /** Past what is remembered: for decisions that a stale value would get wrong. */
  async readAnew(key: string): Promise<Value | undefined> {
    // The value may be as old as the moment before it was read, so its age counts from here.
    const startMs = performance.now();
    const changes = this.#changes;
    const value = await this.#queue.pull(key);
    if (changes !== this.#changes) return value;
    if (value === undefined) this.#values.delete(key);
    else this.#values.set(key, value, { start: startMs });
    return value;
  }

  /** After a change made through this server, which need not wait. */
  forget(key: string): void {
    this.#changes++;
    this.#values.delete(key);
  }

  forgetAll(): void {
    this.#changes++;
    this.#values.clear();
  }

  get size(): number {
    return this.#values.size;
  }
}
