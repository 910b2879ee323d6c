const LOSSY = /[\p{Surrogate}\uFFFD]/u;

/**
 * Whether a text is what was sent and comes back as it is. A lone half of a surrogate pair has no UTF-8, and U+FFFD is
 * what a decoder leaves of bytes that were none: two texts that differ only there would become one.
 */
export function isIntactText(text: string): boolean {
  return !LOSSY.test(text);
}
