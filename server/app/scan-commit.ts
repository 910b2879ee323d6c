import type { BookRecord, Digests, KnownBook } from '../domain/book.js';
import { DogearError } from '../domain/dogear-error.js';
import type { BookId, ScanId } from '../domain/ids.js';
import type { Library } from '../domain/library.js';
import type { ScanCounts } from '../domain/scan.js';
import { chooseMoved } from '../library/move.js';
import {
  booksWithPartialMd5,
  digestsOfBooks,
  type DigestTwin,
  markMissing,
  markPresent,
  type MovedBook,
  moveBooks,
  recordFailure,
  saveBooks,
} from '../storage/book-repository.js';
import {
  keepFormerDigests,
  type ReplacedDigest,
  replacedDigests,
} from '../storage/former-digest-repository.js';
import { renewLease } from '../storage/scan-repository.js';
import type { Store } from '../storage/store.js';
import { inTransaction } from '../storage/transaction.js';
import { LEASE_MS } from './scan-lease.js';

/** A file as the scan found it, with digests if the library makes them. */
export interface ScannedFile {
  readonly path: Buffer;
  readonly sizeBytes: number;
  readonly modifiedNs: bigint;
  readonly digests: Digests | undefined;
  /** Set when the file could not be hashed; `digests` is absent then. */
  readonly failure: string | undefined;
  readonly known: KnownBook | undefined;
}

export interface ScanBatch {
  readonly files: readonly ScannedFile[];
  readonly returned: readonly BookId[];
  readonly gone: readonly BookId[];
}

export interface CommitContext {
  readonly store: Store;
  readonly library: Library;
  readonly scanId: ScanId;
  /** Books that moved in this scan: their old paths are not missing, and no second file may be them. */
  readonly moved: Set<BookId>;
  /** Whether the library held books before: only then can a new file be a moved one. */
  readonly mayHoldMoved: boolean;
  nowMs(this: void): number;
  /** As the engine's, for as long as the scan runs. */
  whichAreGone(this: void, root: Buffer, paths: readonly Buffer[]): Promise<readonly boolean[]>;
}

/** What became of the files of a batch; `found`, `unchanged` and `failed` are counted by the caller. */
export interface CommitCounts {
  readonly added: number;
  readonly changed: number;
  readonly moved: number;
  readonly unchanged: number;
}

interface Move {
  readonly file: ScannedFile;
  readonly twin: DigestTwin;
}

/**
 * Writes a batch of a scan in one transaction: new and changed books, moves, the digests that they had before,
 * and what is missing or back. The scan's lease is renewed as the last thing before the commit, so that a
 * batch of a scan that lost it is rolled back and batches do not wait for one another's row longer than a commit.
 *
 * @throws DogearError `scan-lease-lost`, `scan-cancelled` (the batch is committed all the same)
 */
export async function commitBatch(
  context: CommitContext,
  batch: ScanBatch,
  countsAfter: (counts: CommitCounts) => ScanCounts,
): Promise<CommitCounts> {
  const { store, scanId } = context;
  const moves = await findMoves(context, batch.files);
  const { counts, lease } = await inTransaction(store, async (transaction) => {
    const counted = await writeBatch(context, transaction, batch, moves);
    const state = await renewLease(transaction, scanId, countsAfter(counted), LEASE_MS);
    if (state === 'lost') throw leaseLost(context.library);
    return { counts: counted, lease: state };
  });
  if (lease === 'cancel-requested') throw new DogearError('scan-cancelled', 'The scan was cancelled.');
  return counts;
}

export function leaseLost(library: Library): DogearError {
  return new DogearError(
    'scan-lease-lost',
    `Another process has taken over the scan of "${library.name}": this one was silent for too long.`,
  );
}

async function writeBatch(
  context: CommitContext,
  transaction: Store,
  batch: ScanBatch,
  moves: ReadonlyMap<ScannedFile, Move>,
): Promise<CommitCounts> {
  const nowMs = context.nowMs();
  const nowS = Math.floor(nowMs / 1000);
  const known = batch.files.flatMap((file) => (file.known === undefined ? [] : [file.known.id]));
  const before = new Map(known.length === 0 ? [] : await digestsOfBooks(transaction, known));
  const replaced: ReplacedDigest[] = [];
  const saved: BookRecord[] = [];
  const moved: MovedBook[] = [];
  const failures = new Map<string, BookId[]>();
  let added = 0;
  let changed = 0;
  let unchanged = 0;
  for (const file of batch.files) {
    const record = toRecord(context.library, file);
    const move = moves.get(file);
    if (move !== undefined) {
      moved.push({ id: move.twin.id, record });
      replaced.push(...replacedDigests(move.twin.id, move.twin.digests, file.digests));
    } else if (file.known === undefined) {
      added++;
      saved.push(record);
    } else if (file.failure !== undefined) {
      failures.set(file.failure, [...(failures.get(file.failure) ?? []), file.known.id]);
    } else {
      const was = before.get(file.known.id);
      const now = was === undefined ? [] : replacedDigests(file.known.id, was, file.digests);
      if (now.length > 0 || differs(file, file.known)) changed++;
      else unchanged++;
      replaced.push(...now);
      saved.push(record);
    }
  }
  await keepFormerDigests(transaction, replaced, nowS);
  await moveBooks(transaction, moved, nowMs);
  await saveBooks(transaction, saved, nowMs);
  for (const [failure, ids] of failures) await recordFailure(transaction, ids, failure);
  await markPresent(transaction, batch.returned);
  await markMissing(transaction, batch.gone, nowS);
  return { added, changed, moved: moved.length, unchanged };
}

function toRecord(library: Library, file: ScannedFile): BookRecord {
  return {
    libraryId: library.id,
    path: file.path,
    sizeBytes: file.sizeBytes,
    modifiedNs: file.modifiedNs,
    digests: file.digests,
    failure: file.failure,
  };
}

function differs(file: ScannedFile, known: KnownBook): boolean {
  return file.sizeBytes !== known.sizeBytes || file.modifiedNs !== known.modifiedNs;
}

/** Empty files all share one digest, which says nothing about which of them is which. */
function mayHaveMoved(file: ScannedFile): boolean {
  return file.known === undefined && file.sizeBytes > 0;
}

/** Twins of one file whose old places are looked at: more than this many copies tell nothing either. */
const TWINS_EXAMINED = 64;

async function findMoves(
  context: CommitContext,
  files: readonly ScannedFile[],
): Promise<ReadonlyMap<ScannedFile, Move>> {
  const moves = new Map<ScannedFile, Move>();
  if (!context.mayHoldMoved) return moves;
  const digests = files.flatMap((file) =>
    mayHaveMoved(file) && file.digests !== undefined ? [file.digests.partialMd5] : [],
  );
  if (digests.length === 0) return moves;
  const twins = new Map<string, DigestTwin[]>();
  for (const twin of await booksWithPartialMd5(context.store, context.library.id, digests)) {
    const key = twin.digests.partialMd5.toString('latin1');
    twins.set(key, [...(twins.get(key) ?? []), twin]);
  }
  const candidates = new Map<ScannedFile, readonly DigestTwin[]>();
  for (const file of files) {
    if (!mayHaveMoved(file) || file.digests === undefined) continue;
    const same = twins.get(file.digests.partialMd5.toString('latin1')) ?? [];
    const possible = same.filter((twin) => twin.sizeBytes === file.sizeBytes && !context.moved.has(twin.id));
    if (possible.length > 0) candidates.set(file, possible.slice(0, TWINS_EXAMINED));
  }
  const gone = await goneAmong(context, [...candidates.values()].flat());
  for (const [file, possible] of candidates) {
    const twin = chooseMoved(
      file,
      possible.map((one) => ({ ...one, gone: gone.has(one.id) })),
      context.moved,
    );
    if (twin === undefined) continue;
    context.moved.add(twin.id);
    moves.set(file, { file, twin });
  }
  return moves;
}

/** Each old place is looked at once, however many copies of its file were found. */
async function goneAmong(
  { library, whichAreGone }: CommitContext,
  twins: readonly DigestTwin[],
): Promise<ReadonlySet<BookId>> {
  const gone = new Set<BookId>();
  const inDoubt = new Map<BookId, DigestTwin>();
  for (const twin of twins) {
    if (twin.missing) gone.add(twin.id);
    else inDoubt.set(twin.id, twin);
  }
  const asked = [...inDoubt.values()];
  const answers = await whichAreGone(
    library.root,
    asked.map(({ path }) => path),
  );
  for (const [index, { id }] of asked.entries()) if (answers[index] === true) gone.add(id);
  return gone;
}
