import { bucketOf, FNV_OFFSET, fnv1a } from './fingerprint-table.js';
import { isKept, type KeptPlace } from './history.js';

/** Keys that are remembered: 6 MiB. Each takes two fingerprints of 32 bits, a percentage and a time. */
const BUCKETS = 2 ** 16;
const WAYS = 4;
/** Of the second fingerprint. Any start but that of the first one. */
const OTHER_OFFSET = 0x5bd1_e995;

/**
 * Remembers the last entry of many documents in a fixed amount of memory, so that a push that the history does not keep
 * costs no statement. A document is forgotten when four others of its bucket were noted after it. Two documents are
 * mistaken for each other with a chance of one in 2⁴⁶.
 */
export class KeptPlaces {
  readonly #keys = new Uint32Array(BUCKETS * WAYS);
  readonly #checks = new Uint32Array(BUCKETS * WAYS);
  readonly #percentages = new Float64Array(BUCKETS * WAYS);
  readonly #times = new Float64Array(BUCKETS * WAYS);

  /** As `isKept`, with what is remembered. */
  isKept(key: string, place: KeptPlace): boolean {
    const at = this.#find(fnv1a(key, FNV_OFFSET), fnv1a(key, OTHER_OFFSET));
    if (at === undefined) return true;
    return isKept({ percentage: this.#percentages[at] ?? 0, pushedMs: this.#times[at] ?? 0 }, place);
  }

  note(key: string, { percentage, pushedMs }: KeptPlace): void {
    const hash = fnv1a(key, FNV_OFFSET);
    const check = fnv1a(key, OTHER_OFFSET);
    const first = bucketOf(hash);
    const at = this.#find(hash, check) ?? first + WAYS - 1;
    // To the front of its bucket; the others move one place back, over the place that is taken.
    for (const column of [this.#keys, this.#checks, this.#percentages, this.#times]) {
      column.copyWithin(first + 1, first, at);
    }
    this.#keys[first] = hash;
    this.#checks[first] = check;
    this.#percentages[first] = percentage;
    this.#times[first] = pushedMs;
  }

  #find(hash: number, check: number): number | undefined {
    const first = bucketOf(hash);
    for (let at = first; at < first + WAYS; at++) {
      if (this.#keys[at] === hash && this.#checks[at] === check) return at;
    }
    return undefined;
  }
}
