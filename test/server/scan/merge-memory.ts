import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createEngine, EntryBatchBuilder, type EntryBatch } from '../../../engine/index.js';
import { bulkUpsert } from '../../../server/database/bulk-write.js';
import { migrate } from '../../../server/database/migrate.js';
import { openStore, type Store } from '../../../server/database/store.js';
import { insertLibrary } from '../../../server/library/library-repository.js';
import type { Library } from '../../../server/library/library.js';
import { CataloguePages } from '../../../server/scan/catalogue-pages.js';
import { CommitStage } from '../../../server/scan/commit-stage.js';
import { GoneBooks } from '../../../server/scan/gone-books.js';
import { KeptClaims } from '../../../server/scan/kept-claims.js';
import { PlannedBatch } from '../../../server/scan/planned-batch.js';
import { insertScan } from '../../../server/scan/scan-repository.js';
import { mergeWithCatalogue } from '../../../server/scan/scan-pipeline.js';
import { RunningCounts, type ScanCounts, WHOLE_LIBRARY } from '../../../server/scan/scan.js';

/** What the program prints, as JSON. */
export interface MergeMemory {
  readonly counts: ScanCounts;
  /** What was alive at most while the library was merged and committed: the whole program, without garbage. */
  readonly peakBytes: number;
}

const BATCH_FILES = 512;
/** Batches between two looks at the memory, each of which collects all garbage. */
const LOOK_EVERY = 8;

/**
 * Merges a catalogue of `books` rows with a walk over as many files, at the old paths or all at new ones, commits what
 * comes of it, and tells what was alive at most meanwhile. The walk is batches that are made one after the other; the
 * files are not there, so none is hashed, and in a library with digests the gone books are moved by hand.
 *
 *     node merge-memory.js sqlite:FILE BOOKS stayed|moved hashes|no-hashes
 */
async function main([url = '', books = '', where, hashes]: readonly string[]): Promise<MergeMemory> {
  const store = await openStore(url);
  await migrate(store);
  const root = Buffer.from('/nowhere');
  const koreaderHashes = hashes === 'hashes';
  const library = await insertLibrary(store, { name: 'books', root, extensions: undefined, koreaderHashes });
  if (library === undefined) throw new Error('the library is there already');
  await addBooks(store, library, Number(books));
  const scan = {
    libraryId: library.id,
    shard: WHOLE_LIBRARY,
    changeCheck: 'full' as const,
    regenSinceMs: undefined,
  };
  const scanId = await insertScan(store, { ...scan, runner: 'test', leaseMs: 600_000 });
  const engine = createEngine({ jobs: 1 });
  const gone = new GoneBooks();
  const counts = new RunningCounts();
  const commit = new CommitStage(
    {
      store,
      library,
      scanId,
      gone,
      keptClaims: await KeptClaims.begin(store, library.id),
      mayHoldMoved: true,
      lastBookBefore: undefined,
      isMine: () => true,
      whichAreGone: (_, paths) => Promise.resolve(paths.map(() => true)),
      nowMs: () => Date.now(),
    },
    { counts, onBatch: () => undefined, onFailure: () => undefined },
  );
  const memory = new MemoryWatch();
  const found = walk(Number(books), where === 'moved' ? 'new' : 'old');
  const merged = mergeWithCatalogue(found, new CataloguePages(store, library.id), { ...scan, library });
  for await (const batch of engine.hash(library.root, decidedOnly(merged))) {
    await commit.take(batch);
    memory.look();
  }
  await commit.commitRest();
  await commit.drain();
  if (koreaderHashes) for (const ids of gone.missing(1000)) for (const id of ids) gone.addMoved(id);
  await commit.commitMoves();
  await commit.commitMissing(gone);
  memory.lookNow();
  await engine.close();
  await store.close();
  return { counts: counts.current, peakBytes: memory.peakBytes };
}

async function* decidedOnly(merged: ReturnType<typeof mergeWithCatalogue>): AsyncGenerator<PlannedBatch> {
  const nothing = new EntryBatchBuilder().take();
  for await (const stretch of merged) yield new PlannedBatch(nothing, { type: 'decided', stretch });
}

function* walk(books: number, folder: string): Generator<EntryBatch> {
  const builder = new EntryBatchBuilder();
  for (let book = 0; book < books; book++) {
    builder.addFile(pathOf(book, folder), book, BigInt(book));
    if (builder.length === BATCH_FILES) yield builder.take();
  }
  if (builder.length > 0) yield builder.take();
}

async function addBooks(store: Store, library: Library, books: number): Promise<void> {
  const columns = ['library_id', 'path', 'size_bytes', 'modified_ns', 'hashed_ms'];
  for (let first = 0; first < books; first += 10_000) {
    const rows = Array.from({ length: Math.min(10_000, books - first) }, (_, number) => {
      const book = first + number;
      return [library.id, Buffer.from(pathOf(book, 'old')), book, BigInt(book), 1];
    });
    await bulkUpsert(store, { table: 'book', columns, key: ['id'], update: [] }, rows.flat());
  }
}

function pathOf(book: number, folder: string): string {
  const number = String(book).padStart(7, '0');
  return `${folder}/${number.slice(0, 4)}/Some Author - A title of the usual length (${number}).epub`;
}

class MemoryWatch {
  readonly #collect: () => void;
  #looks = 0;
  peakBytes = 0;

  constructor() {
    setFlagsFromString('--expose-gc');
    const collect: unknown = runInNewContext('gc');
    if (typeof collect !== 'function') throw new Error('the garbage collector cannot be called');
    this.#collect = () => void collect();
  }

  look(): void {
    if (++this.#looks % LOOK_EVERY === 0) this.lookNow();
  }

  lookNow(): void {
    this.peakBytes = Math.max(this.peakBytes, this.#aliveBytes());
  }

  #aliveBytes(): number {
    this.#collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  }
}

process.stdout.write(JSON.stringify(await main(process.argv.slice(2))));
