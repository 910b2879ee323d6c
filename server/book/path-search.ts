/** Words of a search that are looked at. More narrow nothing down and cost a comparison with every path. */
export const SEARCH_WORDS = 8;

/** What somebody looks for among the paths of books. */
export interface PathSearch {
  /** Each of them must be somewhere in the path. NFC, lower case. */
  readonly words: readonly string[];
  /** Of each word the longest run of ASCII, for the database to leave most paths where they are. */
  readonly asciiRuns: readonly string[];
}

/**
 * Upper and lower case are the same, in every script, and so are composed and decomposed letters: macOS writes file
 * names decomposed, people type composed. Accents are told apart.
 *
 * @returns `undefined` for a text without any word
 */
export function parsePathSearch(text: string): PathSearch | undefined {
  const words = fold(text)
    .split(/\s+/u)
    .filter((word) => word !== '')
    .slice(0, SEARCH_WORDS);
  if (words.length === 0) return undefined;
  return { words, asciiRuns: words.map(longestAsciiRun).filter((run) => run !== '') };
}

/** @param path bytes; what is no UTF-8 in it matches nothing */
export function matchesPath(search: PathSearch, path: Buffer): boolean {
  const folded = fold(path.toString('utf8'));
  return search.words.every((word) => folded.includes(word));
}

function fold(text: string): string {
  return text.normalize('NFC').toLowerCase();
}

function longestAsciiRun(word: string): string {
  const runs = word.match(/[\u0021-\u007e]+/g) ?? [];
  return runs.reduce((longest, run) => (run.length > longest.length ? run : longest), '');
}
