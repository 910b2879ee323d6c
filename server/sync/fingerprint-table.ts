/** Entries of 4 bytes: 1 MiB. A power of two. */
const SLOTS = 2 ** 18;

/**
 * Remembers one value for each of many keys in a fixed amount of memory, as a fingerprint of 32 bits. A key forgets its
 * value when another key needs its slot. `has` may be wrong: it answers yes for a value that was not noted once in four
 * billion times.
 */
export class FingerprintTable {
  readonly #slots = new Uint32Array(SLOTS);

  has(key: string, value: string): boolean {
    const hash = hashOf(key, OFFSET);
    return this.#slots[hash % SLOTS] === hashOf(value, hash);
  }

  note(key: string, value: string): void {
    const hash = hashOf(key, OFFSET);
    this.#slots[hash % SLOTS] = hashOf(value, hash);
  }
}

/** FNV-1a, over UTF-16 code units. */
const OFFSET = 2_166_136_261;
const PRIME = 16_777_619;

function hashOf(text: string, start: number): number {
  let hash = start;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), PRIME);
  return hash >>> 0;
}
