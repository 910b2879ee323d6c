import type { EntryBatch, EntryFailure } from '../../engine/index.js';
import { type BookRow, MAX_PATH_BYTES } from '../book/book.js';
import type { MarkedBook } from '../book/book-repository.js';
import type { BookId } from '../domain/ids.js';
import { stateMarkAt } from './scanned-file.js';

/** A found file that has to be catalogued: new when `known` is absent, otherwise changed or lacking digests. */
export interface FileToRecord {
  /** The index of the entry in its batch. */
  readonly entry: number;
  readonly known: BookRow | undefined;
}

export interface FailedEntry {
  readonly path: Buffer;
  readonly failure: EntryFailure;
  readonly known: BookRow | undefined;
}

/** What the entries of a stretch of the walk come to, and the known books that it passed. */
export interface MergeDecisions {
  readonly toHash: FileToRecord[];
  /** To be catalogued without hashing: the library makes no digests. */
  readonly toCatalogue: FileToRecord[];
  /** Books that were missing and are back, unchanged. */
  readonly returned: BookId[];
  /** Books without a file at their paths. */
  readonly gone: BookRow[];
  /** Unchanged books whose marks are not known yet. */
  readonly marked: MarkedBook[];
  readonly failed: FailedEntry[];
  unchanged: number;
  /** Among `toHash`: files whose size and time are those of the catalogue, but whose inode or time of change is not. */
  rechecked: number;
  found: number;
}

/** A stretch of the walk and what the comparison with the catalogue came to. */
export interface MergedStretch {
  readonly entries: EntryBatch;
  readonly decisions: MergeDecisions;
}

export function noDecisions(): MergeDecisions {
  return {
    toHash: [],
    toCatalogue: [],
    returned: [],
    gone: [],
    marked: [],
    failed: [],
    unchanged: 0,
    rechecked: 0,
    found: 0,
  };
}

/** `mtime`: a file with the size and time of the catalogue is unchanged. `full`: if its inode and ctime are the same too. */
export type ChangeCheck = 'full' | 'mtime';

export interface MergeOptions {
  readonly koreaderHashes: boolean;
  readonly changeCheck: ChangeCheck;
  /** Whether this scan judges the book at this path. Where a library is scanned in parts, it judges only its own part. */
  isMine(this: void, path: Buffer): boolean;
}

/** How far a merge came: the indices of the first entry and of the first known book that it has not judged. */
export interface MergePosition {
  readonly entry: number;
  readonly known: number;
}

const SLASH = Buffer.from('/');

const TOO_LONG: EntryFailure = {
  code: 'path-too-long',
  isFolder: false,
  message: `its path below the root is longer than the ${String(MAX_PATH_BYTES)} bytes that the catalogue holds`,
};

/**
 * Compares a walk with the catalogue in one pass. Both come in byte order of the path, so nothing of either has to be
 * remembered. A path in both is compared; a path in only one of them is a new file or a gone book. A folder that could
 * not be read comes in the order of the walk too (as `folder/`). The known books below it are not gone.
 */
export class LibraryMerge {
  readonly #options: MergeOptions;
  /** `folder/` of the unreadable folder that the merge is in. */
  #unreadable: Buffer | undefined;

  constructor(options: MergeOptions) {
    this.#options = options;
  }

  /**
   * Judges entries and known books from `from` on until one of the two lists ends. Where the known books end first, call
   * it again with the next page. Where the entries end first, the known books that are left wait for the next batch; after
   * the last batch, call `finish` with them.
   *
   * @param decisions what was judged is added to these
   * @param knownEnded whether there are no known books after these
   */
  merge(
    entries: EntryBatch,
    known: readonly BookRow[],
    from: MergePosition,
    decisions: MergeDecisions,
    knownEnded: boolean,
  ): MergePosition {
    let { entry, known: book } = from;
    while (entry < entries.length) {
      const failure = entries.failureAt(entry);
      const path = entries.pathAt(entry);
      const key = failure?.isFolder === true ? Buffer.concat([path, SLASH]) : path;
      const current = known[book];
      if (current === undefined && !knownEnded) break;
      const order = current === undefined ? -1 : Buffer.compare(key, current.path);
      if (order > 0 && current !== undefined) {
        this.#judgeAbsent(current, decisions);
        book++;
        continue;
      }
      const match = order === 0 ? current : undefined;
      if (match !== undefined) book++;
      if (failure === undefined && path.length > MAX_PATH_BYTES) {
        this.#judgeFailure(path, key, TOO_LONG, match, decisions);
      } else if (failure === undefined) this.#judgeFound(entries, entry, match, decisions);
      else this.#judgeFailure(path, key, failure, match, decisions);
      entry++;
    }
    return { entry, known: book };
  }

  /** Judges known books whose paths come after every entry of the walk. */
  finish(known: readonly BookRow[], from: number, decisions: MergeDecisions): void {
    for (let book = from; book < known.length; book++) {
      const current = known[book];
      if (current !== undefined) this.#judgeAbsent(current, decisions);
    }
  }

  #judgeFound(
    entries: EntryBatch,
    entry: number,
    known: BookRow | undefined,
    decisions: MergeDecisions,
  ): void {
    decisions.found++;
    const { koreaderHashes } = this.#options;
    if (known !== undefined && hasSameStats(entries, entry, known)) {
      if (!koreaderHashes || known.isHashed) {
        if (this.#hasSameMark(entries, entry, known, decisions)) {
          if (known.missing) decisions.returned.push(known.id);
          else decisions.unchanged++;
          return;
        }
        decisions.rechecked++;
      }
    }
    (koreaderHashes ? decisions.toHash : decisions.toCatalogue).push({ entry, known });
  }

  /** Books from before there were marks take them over: a library is not read again for them. */
  #hasSameMark(entries: EntryBatch, entry: number, known: BookRow, decisions: MergeDecisions): boolean {
    const { koreaderHashes, changeCheck } = this.#options;
    // Without digests there is nothing that a change could make wrong.
    if (changeCheck === 'mtime' || !koreaderHashes) return true;
    const stateMark = stateMarkAt(entries, entry);
    if (stateMark === undefined || stateMark === known.stateMark) return true;
    if (known.stateMark !== undefined) return false;
    decisions.marked.push({ known, stateMark });
    return true;
  }

  #judgeFailure(
    path: Buffer,
    key: Buffer,
    failure: EntryFailure,
    known: BookRow | undefined,
    decisions: MergeDecisions,
  ): void {
    if (failure.isFolder) this.#unreadable = Buffer.from(key);
    else decisions.found++;
    decisions.failed.push({ path: Buffer.from(path), failure, known });
    if (known !== undefined && failure.code === 'vanished') this.#judgeAbsent(known, decisions);
  }

  #judgeAbsent(known: BookRow, decisions: MergeDecisions): void {
    if (known.missing || !this.#options.isMine(known.path)) return;
    if (this.#unreadable !== undefined && startsWith(known.path, this.#unreadable)) return;
    decisions.gone.push(known);
  }
}

function hasSameStats(entries: EntryBatch, entry: number, known: BookRow): boolean {
  return entries.sizeBytes[entry] === known.sizeBytes && entries.modifiedNs[entry] === known.modifiedNs;
}

function startsWith(path: Buffer, prefix: Buffer): boolean {
  return path.length >= prefix.length && path.compare(prefix, 0, prefix.length, 0, prefix.length) === 0;
}
