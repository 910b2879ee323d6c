import type { BookId } from '../domain/ids.js';

/** A missing book, or a new one that it may have become. */
export interface RenameCandidate {
  readonly id: BookId;
  /** Relative to the library's root, bytes. */
  readonly path: Buffer;
  readonly sizeBytes: number;
}

/** A rewritten book differs by its metadata, and often by its cover: this many bytes, or this share of a large file. */
const METADATA_BYTES = 64 * 1024;
const METADATA_SHARE = 0.1;
/** `The Fall` and `The Fall of Hyperion` have half of their words in common, and are different books. */
const SIMILAR_SHARE = 0.6;
/** Enough to ask somebody: `Dune` and `Dune Messiah`. */
const SUGGESTED_SHARE = 0.5;
/** Names such as `Volume 1` or `cover` stand in many folders. */
const TELLING_WORDS = 2;
const TELLING_LETTERS = 8;

/**
 * Whether a new file is a missing book that was renamed and rewritten at once, where there is no second candidate. One of
 * these must be true:
 * - both lie where Calibre puts a book, `Author/Title (number)/Title - Author`, with the same number
 * - they have the same file name, which few other books have
 * - they lie in the same folder, and most words of their names are the same, and all numbers
 */
export function isCertainRename(missing: RenameCandidate, found: RenameCandidate): boolean {
  return isCertain(named(missing), named(found));
}

/** Whether both lie where Calibre puts a book, with the same number. */
export function haveSameCalibreNumber(missing: RenameCandidate, found: RenameCandidate): boolean {
  const { calibreNumber } = namesOf(missing.path);
  return calibreNumber !== undefined && calibreNumber === namesOf(found.path).calibreNumber;
}

/** The number that Calibre gave a book at this path; `undefined`: Calibre puts no book there. */
export function calibreNumberOfPath(path: Buffer): string | undefined {
  return namesOf(path).calibreNumber;
}

export type NameLikeness = 'same-name' | 'similar-name' | 'same-folder';

/**
 * What speaks for it that a missing book was renamed and has become another one of the same format, where it is not
 * certain. A folder alone speaks for it only where the sizes are nearly the same.
 */
export function likenessOfNames(missing: RenameCandidate, found: RenameCandidate): NameLikeness | undefined {
  const [old, now] = [namesOf(missing.path), namesOf(found.path)];
  if (old.format !== now.format) return undefined;
  const isNear = haveNearSize(missing, found);
  const isSameNumber = old.calibreNumber !== undefined && old.calibreNumber === now.calibreNumber;
  if (old.stem === now.stem && (isNear || isTelling(old))) return 'same-name';
  if (isSameNumber || (hasSameNumbers(old, now) && sharedWords(old, now) >= SUGGESTED_SHARE))
    return 'similar-name';
  // Volume 1 and volume 2 of a series stand in one folder and have one size.
  return isNear && old.folder === now.folder && hasSameNumbers(old, now) ? 'same-folder' : undefined;
}

function haveNearSize(missing: RenameCandidate, found: RenameCandidate): boolean {
  const difference = Math.abs(missing.sizeBytes - found.sizeBytes);
  const largest = Math.max(missing.sizeBytes, found.sizeBytes);
  return difference <= Math.max(METADATA_BYTES, METADATA_SHARE * largest);
}

/** A file with its names, which take longer to make than to compare. */
interface Named<Book extends RenameCandidate> {
  readonly book: Book;
  readonly names: Names;
}

function named<Book extends RenameCandidate>(book: Book): Named<Book> {
  return { book, names: namesOf(book.path) };
}

function isCertain(missing: Named<RenameCandidate>, found: Named<RenameCandidate>): boolean {
  const [old, now] = [missing.names, found.names];
  if (old.format !== now.format || !haveNearSize(missing.book, found.book)) return false;
  if (old.calibreNumber !== undefined && old.calibreNumber === now.calibreNumber) return true;
  if (old.stem === now.stem) return isTelling(old);
  // Volume 1 and volume 2 of a series: different books, however similar the rest is.
  return old.folder === now.folder && hasSameNumbers(old, now) && sharedWords(old, now) >= SIMILAR_SHARE;
}

/** Files that share none of these keys are never certain candidates for each other. */
function renameKeys({ folder, stem, format, calibreNumber }: Names): readonly string[] {
  const keys = [`folder ${format} ${folder}`, `name ${format} ${stem}`];
  return calibreNumber === undefined ? keys : [...keys, `number ${format} ${calibreNumber}`];
}

export interface RenamePair<Book extends RenameCandidate> {
  readonly missing: Book;
  readonly found: Book;
}

/** Missing books of one folder that are compared with each new file in it. Where more are gone, names alone count. */
const MOST_OF_A_KEY = 64;

/** Finds the pairs that are certain: neither of the two is a certain candidate for another. */
export class CertainRenames<Book extends RenameCandidate> {
  readonly #missing = new Map<string, Named<Book>[]>();
  /** How many certain candidates each book has so far. */
  readonly #candidatesOf = new Map<BookId, number>();
  readonly #pairs: RenamePair<Book>[] = [];

  constructor(missing: Iterable<Book>) {
    for (const book of missing) {
      const known = named(book);
      for (const key of renameKeys(known.names)) {
        const list = this.#missing.get(key);
        if (list === undefined) this.#missing.set(key, [known]);
        else list.push(known);
      }
    }
  }

  addFound(book: Book): void {
    const found = named(book);
    const candidates = new Set(
      renameKeys(found.names).flatMap((key) => {
        const list = this.#missing.get(key) ?? [];
        return list.length > MOST_OF_A_KEY ? [] : list;
      }),
    );
    for (const missing of candidates) {
      if (isCertain(missing, found)) this.#addPair({ missing: missing.book, found: book });
    }
  }

  /** A pair of which one has another candidate already is not stored: one name may be in a hundred thousand folders. */
  #addPair(pair: RenamePair<Book>): void {
    for (const { id } of [pair.missing, pair.found]) {
      this.#candidatesOf.set(id, (this.#candidatesOf.get(id) ?? 0) + 1);
    }
    if (this.#isOnlyPair(pair)) this.#pairs.push(pair);
  }

  #isOnlyPair({ missing, found }: RenamePair<Book>): boolean {
    return this.#candidatesOf.get(missing.id) === 1 && this.#candidatesOf.get(found.id) === 1;
  }

  pairs(): readonly RenamePair<Book>[] {
    return this.#pairs.filter((pair) => this.#isOnlyPair(pair));
  }
}

interface Names {
  readonly folder: string;
  readonly stem: string;
  /** The extension, in lower case. */
  readonly format: string;
  readonly calibreNumber: string | undefined;
  readonly words: ReadonlySet<string>;
  readonly numbers: readonly string[];
}

/** Bytes that are not UTF-8 become U+FFFD, which is no letter. */
function namesOf(path: Buffer): Names {
  const parts = path.toString().normalize('NFC').split('/');
  const name = parts.pop() ?? '';
  const { stem = name, format = '' } =
    /^(?<stem>.+?)(?<format>(?:\.kepub)?\.[^.]+)$/.exec(name)?.groups ?? {};
  const tokens = stem.toLowerCase().match(/\p{N}+|[\p{L}\p{M}]+/gu) ?? [];
  return {
    folder: parts.join('/'),
    stem,
    format: format.toLowerCase(),
    calibreNumber: calibreNumberOf(parts, stem),
    words: new Set(tokens.filter((token) => !/\p{N}/u.test(token))),
    numbers: tokens.filter((token) => /\p{N}/u.test(token)).toSorted(),
  };
}

/** A folder named `Title (2016)` alone may as well be a series and its year. */
function calibreNumberOf(folders: readonly string[], stem: string): string | undefined {
  const [author, folder] = folders.slice(-2);
  const { title, number } = /^(?<title>.+) \((?<number>\d+)\)$/.exec(folder ?? '')?.groups ?? {};
  return title !== undefined && author !== undefined && stem === `${title} - ${author}` ? number : undefined;
}

function hasSameNumbers(left: Names, right: Names): boolean {
  return left.numbers.join(' ') === right.numbers.join(' ');
}

function sharedWords(left: Names, right: Names): number {
  const shared = [...left.words].filter((word) => right.words.has(word)).length;
  return shared / Math.max(1, left.words.size + right.words.size - shared);
}

function isTelling({ words }: Names): boolean {
  return words.size >= TELLING_WORDS && [...words].join('').length >= TELLING_LETTERS;
}
