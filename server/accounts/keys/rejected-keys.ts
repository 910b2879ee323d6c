import { lruCache } from '../../batching/lru-cache.js';
import type { KeyedHash } from '../keyed-hash.js';

/** An entry takes some 200 bytes. */
const ENTRIES = 10_000;
/** A reader with a mistyped key sends it at every page turn. The key counts as a guess once an hour. */
const TTL_MS = 60 * 60 * 1000;

/** Wrong API keys that were rejected recently, as keyed hashes. Sending one of them again is not a new guess. */
export class RejectedKeys {
  readonly #keyedHash: KeyedHash;
  readonly #hashes = lruCache<string, true>(ENTRIES, { ttl: TTL_MS });

  constructor(keyedHash: KeyedHash) {
    this.#keyedHash = keyedHash;
  }

  /** @returns its hash; `undefined` when the key was rejected within the last hour already, which is not extended */
  add(text: string): string | undefined {
    const hash = this.#keyedHash.of(text);
    return this.addHash(hash) ? hash : undefined;
  }

  /** @returns `false` when it was rejected within the last hour already */
  addHash(hash: string): boolean {
    if (this.#hashes.has(hash)) return false;
    this.#hashes.set(hash, true);
    return true;
  }
}
