import { type BookRecord, type BookRow, type ReplacedDigest, replacedDigests } from '../book/book.js';
import { DogearError } from '../domain/dogear-error.js';
import type { BookId, ScanId } from '../domain/ids.js';
import type { Library } from '../library/library.js';
import type { ScanCounts } from './scan.js';
import {
  lockBooks,
  type LockedBook,
  markMissing,
  markPresent,
  type MovedBook,
  moveBooks,
  recordFailure,
  saveBooks,
  saveStateMarks,
} from '../book/book-repository.js';
import type { CataloguedFile } from '../book/inherit-digests.js';
import { booksWithPartialMd5, type DigestTwin, keepFormerDigests } from '../book/digest-repository.js';
import { renewLease } from './scan-repository.js';
import type { Store } from '../database/store.js';
import { inTransaction, retrying } from '../database/transaction.js';
import type { ScanBatch } from './commit-queue.js';
import type { GoneBooks } from './gone-books.js';
import type { KeptClaims } from './kept-claims.js';
import { LEASE_MS } from './scan-lease.js';
import type { ScannedFile } from './scanned-file.js';

export interface CommitContext {
  readonly store: Store;
  readonly library: Library;
  readonly scanId: ScanId;
  /** Books that moved are added here: their old paths are not missing, and no second file may be the same book. */
  readonly gone: GoneBooks;
  readonly keptClaims: KeptClaims;
  /** Whether the library held books before: only then can a new file be a moved one. */
  readonly mayHoldMoved: boolean;
  /** The last book of the database when the scan began, if any: books with larger ids are new. */
  readonly lastBookBefore: BookId | undefined;
  /** Milliseconds since 1970 by the database's clock. */
  nowMs(this: void): number;
  /** Whether this scan is the one that finds files in the folder of this path. See {@link commitMissing}. */
  isMine(this: void, path: Buffer): boolean;
  /** As the engine's, for as long as the scan runs. */
  whichAreGone(this: void, root: Buffer, paths: readonly Buffer[]): Promise<readonly boolean[]>;
}

/** What became of the files of a batch. `unchanged` and `returned`: files that were hashed and have the digests that they had. */
export interface CommitCounts {
  readonly added: number;
  readonly changed: number;
  readonly moved: number;
  readonly returned: number;
  readonly unchanged: number;
}

/**
 * Writes a batch of a scan in one transaction: new and changed books, moves, the digests that they had before,
 * and the books that are back. The lease is renewed in the same transaction: a batch of a scan that lost its lease is
 * rolled back. It is renewed last, because two batches at a time both lock the scan's row: so they wait for each other no
 * longer than a commit takes.
 *
 * @throws DogearError `scan-lease-lost`, `scan-cancelled` (the batch is committed all the same)
 */
export async function commitBatch(
  context: CommitContext,
  batch: ScanBatch,
  countsAfter: (counts: CommitCounts) => ScanCounts,
): Promise<CommitCounts> {
  const moves = await findMoves(context, batch.files);
  const { counted } = await inLease(
    context,
    async (transaction) => {
      const written = await writeBatch(context, transaction, batch, moves);
      return { counts: countsAfter(written.counted), result: written };
    },
    ({ saved }) => context.keptClaims.noteCommitted(saved),
  );
  await context.keptClaims.look();
  return counted;
}

interface WrittenBatch {
  readonly counted: CommitCounts;
  /** The files that may have been new to the catalogue. */
  readonly saved: readonly CataloguedFile[];
}

/**
 * Runs `work` in one transaction and commits it, unless the scan has lost its lease.
 *
 * @param work returns the scan's counts after it; may be run again, as inTransaction() says
 * @param onCommitted called after the commit, also where the scan is cancelled
 * @throws DogearError `scan-lease-lost`, `library-not-found` (removed meanwhile), `scan-cancelled` (after the commit)
 */
export async function inLease<T>(
  { store, library, scanId }: CommitContext,
  work: (transaction: Store) => Promise<{ readonly counts: ScanCounts; readonly result: T }>,
  onCommitted?: (result: T) => void,
): Promise<T> {
  const { result, lease } = await inTransaction(store, async (transaction) => {
    const done = await work(transaction);
    const state = await renewLease(transaction, scanId, done.counts, LEASE_MS);
    if (state === 'lost' || state === 'removed') throw leaseError(state, library);
    return { result: done.result, lease: state };
  });
  onCommitted?.(result);
  if (lease === 'cancel-requested') throw new DogearError('scan-cancelled', 'The scan was cancelled.');
  return result;
}

export function leaseError(state: 'lost' | 'removed', library: Library): DogearError {
  if (state === 'removed') {
    return new DogearError(
      'library-not-found',
      `The library "${library.name}" was removed while it was being scanned.`,
    );
  }
  return new DogearError(
    'scan-lease-lost',
    `Another process has taken over the scan of "${library.name}": this one was silent for too long.`,
  );
}

async function writeBatch(
  context: CommitContext,
  transaction: Store,
  batch: ScanBatch,
  moves: ReadonlyMap<ScannedFile, DigestTwin>,
): Promise<WrittenBatch> {
  const nowMs = context.nowMs();
  const nowS = Math.floor(nowMs / 1000);
  const before = await lockBooks(transaction, booksOf(batch, moves));
  const replaced: ReplacedDigest[] = [];
  const saved: BookRecord[] = [];
  const moved: MovedBook[] = [];
  const failures = new Map<string, BookId[]>();
  let added = 0;
  let changed = 0;
  let returned = 0;
  let unchanged = 0;
  for (const file of batch.files) {
    const record = bookRecordOf(context.library, file);
    const twin = moves.get(file);
    if (twin !== undefined && isAt(before.get(twin.id), [twin.path, file.path])) {
      const was = before.get(twin.id)?.digests;
      const former = was === undefined ? [] : replacedDigests(twin.id, was, file.digests);
      moved.push({ id: twin.id, record, hasDigests: was !== undefined && former.length === 0 });
      replaced.push(...former);
    } else if (file.known === undefined || !isAt(before.get(file.known.id), [file.path])) {
      added++;
      saved.push(record);
    } else if (file.failure !== undefined) {
      failures.set(file.failure, [...(failures.get(file.failure) ?? []), file.known.id]);
    } else {
      const was = before.get(file.known.id)?.digests;
      const now = was === undefined ? [] : replacedDigests(file.known.id, was, file.digests);
      if (now.length > 0 || differs(file, file.known)) changed++;
      else if (file.known.missing) returned++;
      else unchanged++;
      replaced.push(...now);
      saved.push(record);
    }
  }
  await keepFormerDigests(transaction, replaced, nowS);
  await moveBooks(transaction, moved, nowMs);
  await saveBooks(transaction, saved, nowMs);
  const files = cataloguedFiles(saved);
  await context.keptClaims.within(transaction, files);
  for (const [failure, ids] of failures) await recordFailure(transaction, ids, failure);
  await markPresent(transaction, batch.returned);
  const marked = batch.marked.filter(({ known }) => isAt(before.get(known.id), [known.path]));
  await saveStateMarks(transaction, context.library.id, marked);
  return { counted: { added, changed, moved: moved.length, returned, unchanged }, saved: files };
}

/**
 * Marks books missing that this scan did not find where they were, in one transaction.
 *
 * Each row is locked and must still be at the path that this scan judged. Only scans change paths. The books that this
 * scan moved are not among `ids`. Where a library is scanned in parts, a scan of another part may have found the book
 * meanwhile, but only in a folder of its own part. So a row whose path lies in this scan's part is where it was.
 *
 * @param ids some thousand at most, in ascending order
 * @returns how many were marked
 * @throws DogearError `scan-lease-lost`, `scan-cancelled` (the books are marked all the same)
 */
export async function commitMissing(
  context: CommitContext,
  ids: readonly BookId[],
  countsAfter: (missing: number) => ScanCounts,
): Promise<number> {
  return inLease(context, async (transaction) => {
    const books = await lockBooks(transaction, ids);
    const missing = ids.filter((id) => {
      const book = books.get(id);
      return book !== undefined && context.isMine(book.path);
    });
    await markMissing(transaction, missing, Math.floor(context.nowMs() / 1000));
    return { counts: countsAfter(missing.length), result: missing.length };
  });
}

function cataloguedFiles(records: readonly BookRecord[]): readonly CataloguedFile[] {
  return records.flatMap(({ path, sizeBytes, digests }) =>
    digests === undefined ? [] : [{ path, sizeBytes, ...digests }],
  );
}

/** The books that this batch changes or moves, so that their rows are locked first. */
function booksOf(batch: ScanBatch, moves: ReadonlyMap<ScannedFile, DigestTwin>): readonly BookId[] {
  const known = batch.files.flatMap((file) => (file.known === undefined ? [] : [file.known.id]));
  const marked = batch.marked.map(({ known: { id } }) => id);
  return [...known, ...marked, ...[...moves.values()].map(({ id }) => id)];
}

/**
 * Whether a book still is where this scan saw it. Where the library is scanned in parts, the scan of another part may
 * have found it elsewhere. A moved book may also be at its new path already, when the transaction is run again.
 */
function isAt(book: LockedBook | undefined, paths: readonly Buffer[]): boolean {
  return book !== undefined && paths.some((path) => path.equals(book.path));
}

function bookRecordOf(library: Library, file: ScannedFile): BookRecord {
  return {
    libraryId: library.id,
    path: file.path,
    sizeBytes: file.sizeBytes,
    modifiedNs: file.modifiedNs,
    stateMark: file.stateMark,
    digests: file.digests,
    failure: file.failure,
  };
}

function differs(file: ScannedFile, known: BookRow): boolean {
  return file.sizeBytes !== known.sizeBytes || file.modifiedNs !== known.modifiedNs;
}

/** Empty files all share one digest, which says nothing about which of them is which. */
function mayHaveMoved(file: ScannedFile): boolean {
  return file.known === undefined && file.sizeBytes > 0;
}

/** Twins of one file whose old paths are looked at: more than this many copies tell nothing either. */
const TWINS_EXAMINED = 64;

/** Which of the new files are books that the catalogue has under a path where nothing is any more. */
async function findMoves(
  context: CommitContext,
  files: readonly ScannedFile[],
): Promise<ReadonlyMap<ScannedFile, DigestTwin>> {
  const moves = new Map<ScannedFile, DigestTwin>();
  if (!context.mayHoldMoved) return moves;
  const digests = files.flatMap((file) =>
    mayHaveMoved(file) && file.digests !== undefined ? [file.digests.partialMd5] : [],
  );
  if (digests.length === 0) return moves;
  const { store, library } = context;
  const twins = new Map<string, DigestTwin[]>();
  for (const twin of await retrying(() => booksWithPartialMd5(store, library.id, digests))) {
    const key = twin.partialMd5.toString('latin1');
    twins.set(key, [...(twins.get(key) ?? []), twin]);
  }
  const candidates = new Map<ScannedFile, readonly DigestTwin[]>();
  for (const file of files) {
    if (!mayHaveMoved(file) || file.digests === undefined) continue;
    const same = twins.get(file.digests.partialMd5.toString('latin1')) ?? [];
    const possible = same.filter(
      (twin) => twin.sizeBytes === file.sizeBytes && !context.gone.hasMoved(twin.id),
    );
    if (possible.length > 0) candidates.set(file, possible.slice(0, TWINS_EXAMINED));
  }
  const gone = await goneAmong(context, [...candidates.values()].flat());
  const taken = new Set<BookId>();
  for (const [file, possible] of candidates) {
    const twin = chooseTwin(
      file,
      // Another batch may have chosen a twin while this one waited.
      possible.filter(({ id }) => gone.has(id) && !taken.has(id) && !context.gone.hasMoved(id)),
    );
    if (twin === undefined) continue;
    taken.add(twin.id);
    context.gone.addMoved(twin.id);
    moves.set(file, twin);
  }
  return moves;
}

/** Between several gone books with a file's digest and size: the one of the same file name, then the oldest. */
function chooseTwin(file: ScannedFile, twins: readonly DigestTwin[]): DigestTwin | undefined {
  const name = baseName(file.path);
  return twins.find((twin) => baseName(twin.path).equals(name)) ?? twins[0];
}

function baseName(path: Buffer): Buffer {
  return path.subarray(path.lastIndexOf(0x2f) + 1);
}

/** Each old path is looked at once, however many copies of its file were found. */
async function goneAmong(
  { library, whichAreGone }: CommitContext,
  twins: readonly DigestTwin[],
): Promise<ReadonlySet<BookId>> {
  const asked = [...new Map(twins.map((twin) => [twin.id, twin])).values()];
  const answers = await whichAreGone(
    library.root,
    asked.map(({ path }) => path),
  );
  return new Set(asked.filter((_, index) => answers[index] === true).map(({ id }) => id));
}
