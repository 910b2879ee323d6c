/** The words of a search that are used. Further words hardly narrow the result, and each costs a comparison per path. */
export const SEARCH_WORDS = 8;

/** A parsed search over the paths of books. */
export interface PathSearch {
  /** The path must contain each of them. In NFC and lower case. */
  readonly words: readonly string[];
  /** The longest ASCII part of each word. The database uses them to exclude most paths before they are decoded. */
  readonly asciiRuns: readonly string[];
}

/**
 * Splits a search text into words. Upper and lower case match each other in every script, and so do composed and
 * decomposed letters: macOS writes file names decomposed, people type composed letters. Letters with and without an
 * accent do not match.
 *
 * @returns `undefined` for a text without a word
 */
export function parsePathSearch(text: string): PathSearch | undefined {
  const words = foldedText(text)
    .split(/\s+/u)
    .filter((word) => word !== '')
    .slice(0, SEARCH_WORDS);
  if (words.length === 0) return undefined;
  return { words, asciiRuns: words.map(longestAsciiRun).filter((run) => run !== '') };
}

/** @param path bytes; parts that are not UTF-8 match nothing */
export function matchesPath(search: PathSearch, path: Buffer): boolean {
  const folded = foldedText(path.toString('utf8'));
  return search.words.every((word) => folded.includes(word));
}

/** The text in the form in which searches compare it. */
export function foldedText(text: string): string {
  return text.normalize('NFC').toLowerCase();
}

function longestAsciiRun(word: string): string {
  const runs = word.match(/[\u0021-\u007e]+/g) ?? [];
  return runs.reduce((longest, run) => (run.length > longest.length ? run : longest), '');
}
