import ignore, { type Ignore } from 'ignore';
import { isAscii } from '../system/latin1-path.js';

/**
 * Paths that one matcher is asked about: it remembers its answer for each of them for ever. That many take some hundred
 * kilobytes a thread, and a new matcher shares the compiled patterns.
 */
const PATHS_REMEMBERED = 1000;

/**
 * Whether a pattern takes too long: it has more than one `**` that is not at its end. Each of those multiplies the time by
 * the depth of a path: `**` + `/a*` three times took 3 seconds for a path of 1,000 folders, and one `**` takes 0.03 ms.
 */
export function isSlowPattern(line: string): boolean {
  if (line.startsWith('#')) return false;
  const parts = line.trim().replace(/\/+$/, '').split('/');
  return parts.slice(0, -1).filter((part) => /^!?\*\*+$/.test(part)).length > 1;
}

/**
 * Patterns in the syntax of .gitignore, relative to the root of a walk. Upper and lower case differ, as for Git on Linux.
 * Pinned by test/engine/walk/ignore-patterns.test.ts.
 */
export class IgnorePatterns {
  readonly #compiled: Ignore;
  #matcher: Ignore;
  #asked = 0;

  /** @param lines one pattern a line; later ones win */
  constructor(lines: string) {
    this.#compiled = ignore({ ignorecase: false }).add(lines);
    this.#matcher = this.#compiled;
  }

  /**
   * Whether the patterns leave a file or folder out, by itself or with a folder above it.
   *
   * @param path latin1, relative to the root; a folder ends with a slash
   */
  has(path: string): boolean {
    if (this.#asked === PATHS_REMEMBERED) {
      this.#matcher = ignore({ ignorecase: false }).add(this.#compiled);
      this.#asked = 0;
    }
    this.#asked += 1;
    return this.#matcher.ignores(isAscii(path) ? path : Buffer.from(path, 'latin1').toString());
  }
}
