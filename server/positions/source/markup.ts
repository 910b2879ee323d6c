/** A markup document as text. */
export interface Markup {
  readonly source: string;
  readonly encoding: MarkupEncoding;
}

/**
 * What crengine makes of the encoding (RULES.md R35).
 * - `utf-16`: it does not join surrogate pairs
 * - `guessed`: nothing names the encoding, and it is not UTF-8. crengine guesses one with a byte for each character by
 *   how often each byte occurs. What the bytes above 127 mean is not known here
 * - `broken`: UTF-8 with letters of Latin-1. Bytes that should begin a longer character are U+FFFD in `source`, and a
 * `?` to
 *   crengine. The bytes F8 to FF are U+FDD8 to U+FDDF, which are no characters, and 78 to 7F to crengine. `source` has none
 *   else of these
 * - `known`: any other one
 */
export type MarkupEncoding = 'utf-16' | 'guessed' | 'broken' | 'known';
