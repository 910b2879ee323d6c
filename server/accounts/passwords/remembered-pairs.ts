import { LRUCache } from 'lru-cache';

/** A fleet of ten thousand accounts stays warm; an entry is some 250 bytes. */
const PAIRS = 10_000;

export interface RememberedPairsOptions {
  readonly rememberedMs: number;
  /** Whether the time begins anew with each use, or counts from the check. */
  readonly isRenewedByUse: boolean;
}

/**
 * Remembers what a check of a name or user with a key came to, so that a push does not cost 40 ms of scrypt. A pair
 * is a keyed hash (keyed-hash.ts), never the secret; and an entry counts only for the stored hash that it was checked
 * against, so a changed password is a new question at once.
 */
export class RememberedPairs {
  readonly #hashByPair: LRUCache<string, string>;

  constructor({ rememberedMs, isRenewedByUse }: RememberedPairsOptions) {
    this.#hashByPair = new LRUCache({ max: PAIRS, ttl: rememberedMs, updateAgeOnGet: isRenewedByUse });
  }

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
