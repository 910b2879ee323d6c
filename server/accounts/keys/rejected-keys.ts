import { LRUCache } from 'lru-cache';
import { KeyedHash } from '../keyed-hash.js';

/** An entry takes some 200 bytes. */
const ENTRIES = 10_000;
/** A reader with a mistyped key sends it at every page turn. The key counts as a guess once an hour. */
const TTL_MS = 60 * 60 * 1000;

/** Wrong API keys that were rejected recently, as keyed hashes. Sending one of them again is not a new guess. */
export class RejectedKeys {
  readonly #keyedHash = new KeyedHash();
  readonly #hashes = new LRUCache<string, true>({ max: ENTRIES, ttl: TTL_MS });

  /** @returns `false` when the key was rejected within the last hour already; its hour is not extended */
  add(text: string): boolean {
    const hash = this.#keyedHash.of(text);
    if (this.#hashes.has(hash)) return false;
    this.#hashes.set(hash, true);
    return true;
  }
}
