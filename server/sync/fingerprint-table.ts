/** Keys that are remembered: 2 MiB. */
const BUCKETS = 2 ** 16;
const WAYS = 4;

/**
 * Remembers one value for each of many keys in a fixed amount of memory, as fingerprints of 32 bits. A key is forgotten
 * when four other keys of its bucket were noted after it. `has` may be wrong: by chance it answers yes for a value that
 * was not noted, less than once in a billion times.
 */
export class FingerprintTable {
  readonly #keys = new Uint32Array(BUCKETS * WAYS);
  readonly #values = new Uint32Array(BUCKETS * WAYS);

  has(key: string, value: string): boolean {
    const hash = fnv1a(key, FNV_OFFSET);
    const at = this.#find(hash);
    return at !== undefined && this.#values[at] === fnv1a(value, hash);
  }

  note(key: string, value: string): void {
    const hash = fnv1a(key, FNV_OFFSET);
    const first = bucketOf(hash);
    const at = this.#find(hash) ?? first + WAYS - 1;
    // To the front of its bucket; the others move one place back, over the place that is taken.
    this.#keys.copyWithin(first + 1, first, at);
    this.#values.copyWithin(first + 1, first, at);
    this.#keys[first] = hash;
    this.#values[first] = fnv1a(value, hash);
  }

  #find(hash: number): number | undefined {
    const first = bucketOf(hash);
    for (let at = first; at < first + WAYS; at++) if (this.#keys[at] === hash) return at;
    return undefined;
  }
}

/** The upper bits choose the bucket, of 2¹⁶: in FNV-1a the lowest ones depend on few of the text's bits. */
export function bucketOf(hash: number): number {
  return (hash >>> 16) * WAYS;
}

/** Where FNV-1a starts. */
export const FNV_OFFSET = 2_166_136_261;
const PRIME = 16_777_619;

/** FNV-1a, over UTF-16 code units. */
export function fnv1a(text: string, start: number): number {
  let hash = start;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), PRIME);
  return hash >>> 0;
}
