import type { LRUCache } from 'lru-cache';
import { lruCache } from '../../batching/lru-cache.js';

/** Enough for a fleet of ten thousand accounts. An entry takes some 250 bytes. */
const ENTRIES = 10_000;

export interface CredentialCacheOptions {
  readonly ttlMs: number;
  /** `sliding`: the time to live starts again at each hit. `absolute`: it counts from `add`. */
  readonly expiration: 'sliding' | 'absolute';
}

/**
 * Credentials that were checked recently, all with the same outcome (a match or a mismatch), so that a request does not
 * cost 40 ms of scrypt. Credentials are a keyed hash of the user and the password key (../keyed-hash.ts), never the
 * secret itself. An entry is valid only for the stored hash that it was checked against: after a change of the
 * password there is no entry.
 */
export class CredentialCache {
  readonly #storedHashes: LRUCache<string, string>;

  constructor({ ttlMs, expiration }: CredentialCacheOptions) {
    this.#storedHashes = lruCache(ENTRIES, { ttl: ttlMs, updateAgeOnGet: expiration === 'sliding' });
  }

  has(credentials: string, storedHash: string): boolean {
    return this.#storedHashes.get(credentials) === storedHash;
  }

  add(credentials: string, storedHash: string): void {
    this.#storedHashes.set(credentials, storedHash);
  }

  get size(): number {
    return this.#storedHashes.size;
  }
}
