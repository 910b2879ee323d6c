import type { EntryBatch, EntryFailure } from '../../engine/index.js';
import { type BookRow, MAX_PATH_BYTES } from '../book/book.js';
import type { BookId } from '../domain/ids.js';

/** A found file that has to be catalogued: new when `known` is absent, otherwise changed or lacking digests. */
export interface FileToRecord {
  /** Where it stands in its batch. */
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
  /** Catalogued as they are: the library makes no digests. */
  readonly toCatalogue: FileToRecord[];
  readonly returned: BookId[];
  readonly gone: BookRow[];
  readonly failed: FailedEntry[];
  unchanged: number;
  found: number;
}

/** A stretch of the walk and what the comparison with the catalogue came to. */
export interface MergedStretch {
  readonly entries: EntryBatch;
  readonly decisions: MergeDecisions;
}

export function noDecisions(): MergeDecisions {
  return { toHash: [], toCatalogue: [], returned: [], gone: [], failed: [], unchanged: 0, found: 0 };
}

export interface MergeOptions {
  readonly koreaderHashes: boolean;
  /** Digests made before this moment are made again. */
  readonly regenSinceMs: number | undefined;
  /** Whether the book at this path is this scan's to judge (another part of the library may be another's). */
  isMine(this: void, path: Buffer): boolean;
}

/** How far a merge came: the first entry and the first known book that it has not judged. */
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
 * Compares a walk with the catalogue, both in byte order of the path, in one pass and with memory for neither:
 * what stands in both is compared, what stands in one alone is new or gone. Folders that could not be read
 * come in the walk's order too and cover every known book below them, which are then not gone.
 */
export class LibraryMerge {
  readonly #options: MergeOptions;
  /** `folder/` of the unreadable folder that the merge is in. */
  #unreadable: Buffer | undefined;

  constructor(options: MergeOptions) {
    this.#options = options;
  }

  /**
   * Judges entries and known books from `from` on until one of the two lists ends. When the entries end, the
   * known books behind the last one wait for the next batch; call `finish` with them after the last.
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

  /** Judges known books that come behind every entry of the walk. */
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
    if (known !== undefined && isUnchanged(entries, entry, known)) {
      if (!koreaderHashes || !this.#lacksDigests(known)) {
        if (known.missing) decisions.returned.push(known.id);
        else decisions.unchanged++;
        return;
      }
    }
    (koreaderHashes ? decisions.toHash : decisions.toCatalogue).push({ entry, known });
  }

  #lacksDigests(known: BookRow): boolean {
    if (known.hashedMs === undefined || known.failed) return true;
    const { regenSinceMs } = this.#options;
    return regenSinceMs !== undefined && known.hashedMs < regenSinceMs;
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

function isUnchanged(entries: EntryBatch, entry: number, known: BookRow): boolean {
  return entries.sizeBytes[entry] === known.sizeBytes && entries.modifiedNs[entry] === known.modifiedNs;
}

function startsWith(path: Buffer, prefix: Buffer): boolean {
  return path.length >= prefix.length && path.compare(prefix, 0, prefix.length, 0, prefix.length) === 0;
}
