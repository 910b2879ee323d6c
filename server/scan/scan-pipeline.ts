import { opendir } from 'node:fs/promises';
import {
  type Engine,
  type EntryBatch,
  EntryBatchBuilder,
  type HashedBatch,
  KOREADER_EXTENSIONS,
  shardOfFolder,
  type SkipCounts,
} from '../../engine/index.js';
import type { BookRow } from '../book/book.js';
import { lastBookId } from '../book/book-repository.js';
import { readDatabaseNowMs } from '../database/database-clock.js';
import { withLongLog } from '../database/long-log.js';
import type { Store } from '../database/store.js';
import { retrying } from '../database/transaction.js';
import { DogearError } from '../domain/dogear-error.js';
import type { ScanId } from '../domain/ids.js';
import { IGNORE_FILE, type Library } from '../library/library.js';
import { BatchSize } from './batch-size.js';
import { CataloguePages } from './catalogue-pages.js';
import { CommitStage, type ScanListener } from './commit-stage.js';
import { GoneBooks } from './gone-books.js';
import { KeptClaims } from './kept-claims.js';
import { type ChangeCheck, LibraryMerge, type MergedStretch, noDecisions } from './library-merge.js';
import { PlannedBatch } from './planned-batch.js';
import type { ScanShard } from './scan.js';
import type { CommitContext } from './scan-commit.js';
import { isInPlaces } from './touched-places.js';

export interface ScanPipelineOptions extends ScanListener {
  readonly store: Store;
  readonly engine: Engine;
  readonly library: Library;
  readonly scanId: ScanId;
  readonly shard: ScanShard;
  /** Only what lies at these places; see touched-places.ts. */
  readonly within: readonly Buffer[] | undefined;
  /** Milliseconds since 1970: digests made before this moment are made again. */
  readonly regenSinceMs: number | undefined;
  readonly changeCheck: ChangeCheck;
  readonly signal: AbortSignal;
}

/**
 * One scan, from the first folder to the last commit: walk → merge with the catalogue → hash → commit. Each stage pulls
 * from the one before it, so the slowest stage sets the pace, and only what is on its way is in memory.
 *
 * @throws DogearError `root-empty`, `scan-lease-lost`, `scan-cancelled`; EngineError as the walk and the hashing throw it;
 *   an error of the database as it is
 */
export async function runScan(options: ScanPipelineOptions): Promise<void> {
  const catalogue = new CataloguePages(options.store, options.library.id, {
    hashedSinceMs: options.regenSinceMs,
    within: options.within,
  });
  const gone = new GoneBooks();
  const commit = new CommitStage(await commitContext(options, catalogue, gone), options);
  const batchSize = new BatchSize(options.engine.minBatchFiles);

  const found = walkLibrary(options, ({ folders, systemFiles }) => {
    options.counts.add({ skipped: folders, skippable: systemFiles });
  });
  const merged = mergeWithCatalogue(found, catalogue, options);
  const planned = planBatches(merged, batchSize);
  const hashed = hashBatches(planned, options);

  await withLongLog(options.store, 'scan', async () => {
    try {
      for await (const batch of hashed) {
        batchSize.learn(batch);
        await commit.take(batch);
      }
      await commit.commitRest();
    } finally {
      await commit.drain();
    }
    await commitGone(options, commit, gone);
  });
}

async function commitContext(
  { store, engine, library, scanId, shard, within, signal }: ScanPipelineOptions,
  catalogue: CataloguePages,
  gone: GoneBooks,
): Promise<CommitContext> {
  const startMs = await retrying(() => readDatabaseNowMs(store));
  const startedAt = performance.now();
  return {
    store,
    library,
    scanId,
    gone,
    keptClaims: await KeptClaims.begin(store, library.id),
    mayHoldMoved: within !== undefined || !(await catalogue.isAtEnd()),
    lastBookBefore: await retrying(() => lastBookId(store)),
    isMine: (path) => isJudged(path, shard, within),
    whichAreGone: (root, paths) =>
      engine.whichAreGone(root, paths, { followLinks: library.fileRules.followLinks, signal }),
    nowMs: () => Math.floor(startMs + (performance.now() - startedAt)),
  };
}

/** Whether files in this path's folder belong to this part of the library. The engine's walk tells by the same function. */
function isInShard(path: Buffer, { index, count }: ScanShard): boolean {
  return count === 1 || shardOfFolder(path.subarray(0, Math.max(0, path.lastIndexOf(0x2f))), count) === index;
}

function isJudged(path: Buffer, shard: ScanShard, within: readonly Buffer[] | undefined): boolean {
  return isInShard(path, shard) && (within === undefined || isInPlaces(path, within));
}

// Walk: the files of the library, in byte order of their paths.

function walkLibrary(
  { engine, library, shard, within, signal }: ScanPipelineOptions,
  onSkipped?: (counts: SkipCounts) => void,
): AsyncIterable<EntryBatch> {
  const { skipSystem, ignorePatterns, followLinks } = library.fileRules;
  return engine.walk(library.root, {
    extensions: library.extensions === undefined ? KOREADER_EXTENSIONS : new Set(library.extensions),
    skipSystem,
    ignore: ignorePatterns,
    ignoreFile: IGNORE_FILE,
    followLinks,
    ...(shard.count === 1 ? {} : { shard }),
    ...(within === undefined ? {} : { within }),
    ...(onSkipped === undefined ? {} : { onSkipped }),
    signal,
  });
}

// Merge: what each file is to the catalogue, and which books have no file.

const NO_ENTRIES = new EntryBatchBuilder().take();

/**
 * Compares the walk with the catalogue. Gone books are passed on with each page of the catalogue: between two entries of
 * the walk there may be all the books of a library that moved as a whole.
 */
export async function* mergeWithCatalogue(
  found: AsyncIterable<EntryBatch> | Iterable<EntryBatch>,
  catalogue: CataloguePages,
  {
    library,
    shard,
    within,
    changeCheck,
  }: Pick<ScanPipelineOptions, 'library' | 'shard' | 'changeCheck'> &
    Partial<Pick<ScanPipelineOptions, 'within'>>,
): AsyncGenerator<MergedStretch> {
  const merge = new LibraryMerge({
    koreaderHashes: library.koreaderHashes,
    changeCheck,
    isMine: (path) => isJudged(path, shard, within),
  });
  let page = await catalogue.next();
  let known = 0;
  for await (const entries of found) {
    const decisions = noDecisions();
    let entry = 0;
    for (;;) {
      ({ entry, known } = merge.merge(entries, page, { entry, known }, decisions, page.length === 0));
      if (entry === entries.length) break;
      if (decisions.gone.length > 0) yield goneBooks(decisions.gone.splice(0));
      page = await catalogue.next();
      known = 0;
    }
    yield { entries, decisions };
  }
  for (; page.length > 0; page = await catalogue.next(), known = 0) {
    const decisions = noDecisions();
    merge.finish(page, known, decisions);
    if (decisions.gone.length > 0) yield goneBooks(decisions.gone);
  }
}

function goneBooks(gone: BookRow[]): MergedStretch {
  return { entries: NO_ENTRIES, decisions: { ...noDecisions(), gone } };
}

// Hash: batches of files, each with what was planned for it.

/** The decisions about each stretch, and then its files to hash, in parts that do not take long. */
async function* planBatches(
  merged: AsyncIterable<MergedStretch>,
  batchSize: BatchSize,
): AsyncGenerator<PlannedBatch> {
  for await (const stretch of merged) {
    yield new PlannedBatch(NO_ENTRIES, { type: 'decided', stretch });
    const { entries, decisions } = stretch;
    const { toHash } = decisions;
    for (let start = 0; start < toHash.length;) {
      const files = toHash.slice(start, start + batchSize.of(toHash.length - start));
      start += files.length;
      const selected =
        files.length === entries.length ? entries : entries.select(files.map(({ entry }) => entry));
      yield new PlannedBatch(selected, { type: 'hash', files });
    }
  }
}

/**
 * Hashes the batches. An error of the stages above, such as a catalogue that cannot be read, ends the source of the engine
 * instead of passing through it. It is thrown after the batches before it have been hashed. So an error that the engine
 * has at the same time cannot hide it.
 */
async function* hashBatches(
  planned: AsyncIterable<PlannedBatch>,
  { engine, library, signal }: ScanPipelineOptions,
): AsyncGenerator<HashedBatch<PlannedBatch>> {
  const failures: unknown[] = [];
  async function* untilFailure(): AsyncGenerator<PlannedBatch> {
    try {
      yield* planned;
    } catch (error) {
      failures.push(error);
    }
  }
  try {
    const { followLinks } = library.fileRules;
    yield* engine.hash(library.root, untilFailure(), { rootMustStay: true, followLinks, signal });
  } catch (error) {
    failures.push(error);
  }
  if (failures.length > 0) throw failures[0];
}

// Gone: written last, when the walk and the hashing have ended well and their root was one folder all the time.

async function commitGone(
  options: ScanPipelineOptions,
  commit: CommitStage,
  goneAtFirst: GoneBooks,
): Promise<void> {
  if (options.counts.current.found === 0 && !goneAtFirst.isEmpty) await refuseEmptyRoot(options);
  await commit.commitMoves();
  if (goneAtFirst.isComplete) await commit.commitRenames();
  await commit.commitMissing(goneAtFirst);
  for (let gone = goneAtFirst; !gone.isComplete;) {
    gone = await findGoneAgain(options);
    // A round that marks nothing would be repeated for ever. The next scan finds what is left.
    if ((await commit.commitMissing(gone)) === 0) return;
  }
}

/**
 * Compares the folders with the catalogue once more, without hashing, where the gone books were too many to remember.
 * Books that moved have their new paths now, and books that were marked missing do not count as gone again.
 */
async function findGoneAgain(options: ScanPipelineOptions): Promise<GoneBooks> {
  const gone = new GoneBooks();
  const catalogue = new CataloguePages(options.store, options.library.id, { within: options.within });
  let found = 0;
  for await (const { decisions } of mergeWithCatalogue(walkLibrary(options), catalogue, options)) {
    found += decisions.found;
    for (const { id } of decisions.gone) gone.addGone(id);
  }
  if (found === 0 && !gone.isEmpty) await refuseEmptyRoot(options);
  return gone;
}

/**
 * A root without a single book, where books were before, is far more often a disk that is not mounted than a
 * library that was emptied. One part of a library, or what was touched, may well become empty, so there the root itself has
 * to be.
 */
async function refuseEmptyRoot({ library, shard, within }: ScanPipelineOptions): Promise<void> {
  if ((shard.count > 1 || within !== undefined) && !(await isEmptyFolder(library.root))) return;
  throw new DogearError(
    'root-empty',
    `The folder ${library.root.toString()} of the library "${library.name}" holds no book any more. ` +
      `Is its disk mounted? Do its patterns, or those of its file ${IGNORE_FILE}, leave out every book? ` +
      'No book was marked missing. If the library is really empty, remove it.',
  );
}

/** Asynchronous, because storage that does not answer must not stop the scan's heartbeat. */
async function isEmptyFolder(folder: Buffer): Promise<boolean> {
  const entries = await opendir(folder);
  try {
    return (await entries.read()) === null;
  } finally {
    await entries.close();
  }
}
