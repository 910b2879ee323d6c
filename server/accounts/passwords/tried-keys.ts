import { LRUCache } from 'lru-cache';
import { KeyedHash } from './keyed-hash.js';

/** Some 200 bytes each. */
const TRIED_KEYS = 10_000;
/** A mistyped key counts as a guess once an hour, however often its reader turns a page. */
const DEFAULT_TTL_MS = 60 * 60 * 1000;

/** The wrong API keys that were tried lately, as keyed hashes: trying one again is no new guess. */
export class TriedKeys {
  readonly #keyedHash = new KeyedHash();
  readonly #tried = new LRUCache<string, true>({ max: TRIED_KEYS, ttl: DEFAULT_TTL_MS });

  /** @returns whether it was noted lately already */
  note(text: string): boolean {
    const name = this.#keyedHash.of(text);
    if (this.#tried.has(name)) return true;
    this.#tried.set(name, true);
    return false;
  }
}
