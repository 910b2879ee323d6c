import type { BookRow } from '../book/book.js';
import { type BookId, bookId } from '../domain/ids.js';
import type { ScanCounts } from './scan.js';
import { booksAtPaths, renameBooks } from '../book/book-repository.js';
import { deleteNewBooks } from '../book/digest-repository.js';
import { type CommitContext, inLease } from './scan-commit.js';
import type { ScannedFile } from './scanned-file.js';

/**
 * Files and gone books remembered. Their states take 5 MB, and their paths, of which only what differs from the path
 * before is kept, some 2 MB. Where more than this moved at once, the rest count as new, and their old paths as missing.
 */
const REMEMBERED = 100_000;
/** So that very long paths do not take more. A file whose path does not fit counts as new. */
const MOST_PATH_BYTES = 8 * 1024 * 1024;
const MOVES_AT_ONCE = 500;

/** A gone book and the file that it is now. */
export interface UnhashedMove {
  readonly id: BookId;
  readonly path: Buffer;
  readonly sizeBytes: number;
  readonly modifiedNs: bigint;
}

type FileState = Pick<ScannedFile, 'sizeBytes' | 'modifiedNs'>;

/**
 * Finds moved books in a library without digests: a gone book and a new file of the same size and the same
 * modification time to the nanosecond, when there is exactly one of each.
 */
export class UnhashedMoves {
  readonly #found = new FileStates(REMEMBERED);
  readonly #foundPaths = new PathList(MOST_PATH_BYTES);
  readonly #gone = new FileStates(REMEMBERED);
  readonly #goneIds = new Float64Array(REMEMBERED);

  /** @param file one of those that have to be catalogued; only those without a known book can be moved ones */
  addFound(file: ScannedFile): void {
    if (file.known !== undefined) return;
    const hasRoom = this.#foundPaths.hasRoomFor(file.path);
    if (this.#found.add(file, hasRoom) !== undefined) this.#foundPaths.add(file.path);
  }

  addGone(book: BookRow): void {
    const number = this.#gone.add(book);
    if (number !== undefined) this.#goneIds[number] = book.id;
  }

  /** The pairs, as many at a time as one transaction takes. */
  *pairs(): Generator<readonly UnhashedMove[]> {
    let pairs: UnhashedMove[] = [];
    let found = 0;
    for (const path of this.#foundPaths.paths()) {
      const state = this.#found.onlyOneAt(found++);
      const gone = state === undefined ? undefined : this.#gone.numberOfOnly(state);
      if (state === undefined || gone === undefined) continue;
      pairs.push({ id: bookId(this.#goneIds[gone] ?? 0), path, ...state });
      if (pairs.length < MOVES_AT_ONCE) continue;
      yield pairs;
      pairs = [];
    }
    if (pairs.length > 0) yield pairs;
  }
}

/**
 * Joins pairs: the old book takes the new path and the row made for the new file goes.
 *
 * @throws DogearError `scan-lease-lost`, `scan-cancelled` (the moves are committed all the same)
 */
export async function commitUnhashedMoves(
  context: CommitContext,
  moves: readonly UnhashedMove[],
  countsAfter: ScanCounts,
): Promise<void> {
  const { library } = context;
  const ids = new Set(moves.map(({ id }) => id));
  await inLease(context, async (transaction) => {
    const paths = moves.map(({ path }) => path);
    const made = await booksAtPaths(transaction, library.id, paths);
    // When this is run again, after a commit whose answer was lost, the moved books are at these paths already.
    await deleteNewBooks(
      transaction,
      made.map(({ id }) => id).filter((id) => !ids.has(id)),
    );
    await renameBooks(
      transaction,
      moves.map((move) => ({ ...move, libraryId: library.id })),
    );
    return { counts: countsAfter, result: undefined };
  });
  for (const id of ids) context.gone.addMoved(id);
}

/**
 * Sizes and modification times, numbered in the order in which they were added, each once: a hash table with open
 * addressing in typed arrays. The system gives memory to an array only where it is written to, so a table with few
 * entries is small.
 */
class FileStates {
  readonly #sizeBytes: Float64Array;
  readonly #modifiedNs: BigInt64Array;
  /** 1 where a state was added more than once. */
  readonly #several: Uint8Array;
  /** The number of an entry, plus one; 0: free. Twice as many places as entries, or more, and a power of two. */
  readonly #table: Uint32Array;
  #count = 0;
  /** The words of one state, to hash them without making anything. */
  readonly #words = new Uint32Array(4);
  readonly #wordsAsSize = new Float64Array(this.#words.buffer, 0, 1);
  readonly #wordsAsTime = new BigInt64Array(this.#words.buffer, 8, 1);

  constructor(most: number) {
    this.#sizeBytes = new Float64Array(most);
    this.#modifiedNs = new BigInt64Array(most);
    this.#several = new Uint8Array(most);
    this.#table = new Uint32Array(2 ** Math.ceil(Math.log2(2 * most)));
  }

  /**
   * @param hasRoom whether the caller has room for another state
   * @returns the number of a state that is new; `undefined`: it was added before, or there is no room
   */
  add(state: FileState, hasRoom = true): number | undefined {
    const place = this.#tablePlaceOf(state);
    const before = this.#table[place] ?? 0;
    if (before !== 0) {
      this.#several[before - 1] = 1;
      return undefined;
    }
    if (!hasRoom || this.#count === this.#sizeBytes.length) return undefined;
    const number = this.#count++;
    this.#sizeBytes[number] = state.sizeBytes;
    this.#modifiedNs[number] = state.modifiedNs;
    this.#table[place] = number + 1;
    return number;
  }

  /** @returns `undefined` for a state that was added more than once, or for a number that was not given out */
  onlyOneAt(number: number): FileState | undefined {
    const sizeBytes = this.#sizeBytes[number];
    const modifiedNs = this.#modifiedNs[number];
    if (number >= this.#count || this.#several[number] === 1) return undefined;
    return sizeBytes === undefined || modifiedNs === undefined ? undefined : { sizeBytes, modifiedNs };
  }

  /** @returns the number of a state that was added exactly once */
  numberOfOnly(state: FileState): number | undefined {
    const number = (this.#table[this.#tablePlaceOf(state)] ?? 0) - 1;
    return number < 0 || this.#several[number] === 1 ? undefined : number;
  }

  /** Where the table has the state, or has room for it. */
  #tablePlaceOf({ sizeBytes, modifiedNs }: FileState): number {
    const mask = this.#table.length - 1;
    for (let place = this.#hashOf(sizeBytes, modifiedNs) & mask; ; place = (place + 1) & mask) {
      const number = (this.#table[place] ?? 0) - 1;
      if (number < 0) return place;
      if (this.#sizeBytes[number] === sizeBytes && this.#modifiedNs[number] === modifiedNs) return place;
    }
  }

  /** As FNV-1a, but over words of 32 bits, with the high bits brought down: sizes and times differ in either half. */
  #hashOf(sizeBytes: number, modifiedNs: bigint): number {
    this.#wordsAsSize[0] = sizeBytes;
    this.#wordsAsTime[0] = modifiedNs;
    let hash = 0x811c9dc5;
    for (const word of this.#words) {
      hash = Math.imul(hash ^ word, 0x01000193);
      hash ^= hash >>> 15;
    }
    return hash >>> 0;
  }
}

/** What a path's record says before its bytes: how many it shares with the path before, and how many are its own. */
const RECORD_HEAD_BYTES = 4;
const FIRST_PATH_BYTES = 4096;

/** Paths in the order in which they were added: of each only what differs from the one before. Read from the front. */
class PathList {
  readonly #mostBytes: number;
  #isFull = false;
  #bytes = Buffer.alloc(FIRST_PATH_BYTES);
  #end = 0;
  #last = Buffer.alloc(0);

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /**
   * Whether the path can be added. Once a path had no room, no later path has: a file that is left out could have the
   * same size and time as a later one, which would then be taken for the only one of them.
   */
  hasRoomFor(path: Buffer): boolean {
    this.#isFull ||= this.#end + RECORD_HEAD_BYTES + path.length > this.#mostBytes;
    return !this.#isFull;
  }

  add(path: Buffer): void {
    let shared = 0;
    while (shared < path.length && path[shared] === this.#last[shared]) shared++;
    const own = path.length - shared;
    const end = this.#end + RECORD_HEAD_BYTES + own;
    if (end > this.#bytes.length) {
      const larger = Buffer.alloc(Math.min(Math.max(2 * this.#bytes.length, end), this.#mostBytes));
      this.#bytes.copy(larger, 0, 0, this.#end);
      this.#bytes = larger;
    }
    this.#bytes.writeUInt16LE(shared, this.#end);
    this.#bytes.writeUInt16LE(own, this.#end + 2);
    path.copy(this.#bytes, this.#end + RECORD_HEAD_BYTES, shared);
    this.#end = end;
    this.#last = Buffer.from(path);
  }

  *paths(): Generator<Buffer> {
    let path = Buffer.alloc(0);
    for (let at = 0; at < this.#end;) {
      const shared = this.#bytes.readUInt16LE(at);
      const start = at + RECORD_HEAD_BYTES;
      at = start + this.#bytes.readUInt16LE(at + 2);
      path = Buffer.concat([path.subarray(0, shared), this.#bytes.subarray(start, at)]);
      yield path;
    }
  }
}
