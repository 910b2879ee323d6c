import { LRUCache } from 'lru-cache';

/** A fleet of ten thousand accounts stays warm; an entry is some 250 bytes. */
const PAIRS = 10_000;
/** Short enough that a memory image tells little, long enough that scrypt is a fraction of a percent of the work. */
const REMEMBERED_MS = 10 * 60 * 1000;

/**
 * Remembers which key was verified for which user, so that a push does not cost 40 ms of scrypt. What is kept is a
 * keyed hash (keyed-hash.ts), not the secret; and an entry counts only for the stored hash that it was verified
 * against, so a changed password is forgotten at once.
 */
export class VerifiedPairs {
  readonly #hashByPair = new LRUCache<string, string>({ max: PAIRS, ttl: REMEMBERED_MS });

  has(pair: string, storedHash: string): boolean {
    return this.#hashByPair.get(pair) === storedHash;
  }

  add(pair: string, storedHash: string): void {
    this.#hashByPair.set(pair, storedHash);
  }

  get size(): number {
    return this.#hashByPair.size;
  }
}
