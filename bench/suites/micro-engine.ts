import { digestFiles } from '../../engine/digest/batch-digests.js';
import { createMd5Kernel } from '../../engine/digest/md5-kernel-choice.js';
import { createSampleReader, readsKindFor } from '../../engine/digest/sample-reader-choice.js';
import { createEngine, type EntryBatch, EntryBatchBuilder, KOREADER_EXTENSIONS } from '../../engine/index.js';
import { bookId } from '../../server/domain/ids.js';
import type { BookRow } from '../../server/book/book.js';
import { LibraryMerge, noDecisions } from '../../server/scan/library-merge.js';
import { type MicroBench, newBench } from './micro-bench.js';

/** Files in one iteration of `reconcileBench`. */
const BATCH_FILES = 512;
/** Files in one iteration of `hashingBench`. Hashing them in one thread takes a few milliseconds. */
const HASHED_FILES = 96;
const POOL_FILES = 1024;
const POOL_BATCHES = [1, 4, 16, 64, 256];

/** A bench whose engine holds threads until it is closed. */
export interface OpenMicroBench {
  readonly micro: MicroBench;
  close(): Promise<void>;
}

/** Open, read and digest in this thread: what a worker does with its task. */
export async function hashingBench(timeMs: number, library: string): Promise<MicroBench> {
  const files = await firstFiles(library, HASHED_FILES);
  const root = Buffer.from(`${library}/`);
  const bench = newBench('hashing one file in this thread', timeMs);
  const readings = new Set([readsKindFor('auto').name, 'system-calls' as const]);
  for (const md5 of ['wasm-simd', 'node-crypto'] as const) {
    for (const reads of readings) {
      const kernel = createMd5Kernel(md5);
      const { reader } = createSampleReader(reads, kernel.slots);
      bench.add(`${md5}, ${reads}`, () => {
        const { failures } = digestFiles(kernel, reader, root, files, () => false);
        if (failures.size > 0) throw new Error(`${failures.size} files cannot be read`);
      });
    }
  }
  return { bench, operations: HASHED_FILES };
}

/** Comparison of found files with known books: all unchanged, and all new. */
export function reconcileBench(timeMs: number): MicroBench {
  const builder = new EntryBatchBuilder();
  const known: BookRow[] = [];
  for (let index = 0; index < BATCH_FILES; index += 1) {
    const path = `Author ${String(index).padStart(4, '0')}/Title ${index} (2004)/Title ${index} - Author.epub`;
    builder.addFile(path, 1_000_000 + index, 1_700_000_000_000_000_000n + BigInt(index), index + 1);
    known.push({
      id: bookId(index + 1),
      path: Buffer.from(path),
      sizeBytes: 1_000_000 + index,
      modifiedNs: 1_700_000_000_000_000_000n + BigInt(index),
      stateMark: index + 1,
      missing: false,
      isHashed: true,
    });
  }
  const entries = builder.take();
  const merge = (books: readonly BookRow[]) => {
    const decisions = noDecisions();
    new LibraryMerge({
      koreaderHashes: true,
      changeCheck: 'full',
      isMine: () => true,
    }).merge(entries, books, { entry: 0, known: 0 }, decisions, true);
    return decisions;
  };
  const bench = newBench('comparing one file with the catalogue', timeMs)
    .add('unchanged', () => {
      if (merge(known).unchanged !== BATCH_FILES) throw new Error('an unchanged book passed for changed');
    })
    .add('new', () => {
      if (merge([]).toHash.length !== BATCH_FILES) throw new Error('a new book was not noticed');
    });
  return { bench, operations: BATCH_FILES };
}

/** Small files through one thread of the pool, in batches of several sizes. Small batches show the cost of a message. */
export async function poolBenches(timeMs: number, library: string): Promise<readonly OpenMicroBench[]> {
  const files = await firstFiles(library, POOL_FILES);
  return POOL_BATCHES.map((batchFiles) => {
    const engine = createEngine({ jobs: 1 });
    const batches = Array.from({ length: POOL_FILES / batchFiles }, (_, index) =>
      files.select(Array.from({ length: batchFiles }, (_, place) => index * batchFiles + place)),
    );
    const bench = newBench('one small file through the pool', timeMs).add('one thread', async () => {
      let hashed = 0;
      for await (const { entries } of engine.hash(library, batches)) hashed += entries.length;
      if (hashed !== POOL_FILES) throw new Error(`${hashed} of ${POOL_FILES} files were hashed`);
    });
    const at = { axis: 'batch files', value: batchFiles } as const;
    return { micro: { bench, operations: POOL_FILES, at }, close: () => engine.close() };
  });
}

export function walkBench(timeMs: number, library: string, files: number): OpenMicroBench {
  const engine = createEngine();
  const bench = newBench('walking over one file', timeMs).add('engine', async () => {
    let found = 0;
    for await (const batch of engine.walk(library, { extensions: KOREADER_EXTENSIONS }))
      found += batch.length;
    if (found !== files) throw new Error(`${found} of ${files} files were found`);
  });
  return { micro: { bench, operations: files }, close: () => engine.close() };
}

async function firstFiles(library: string, count: number): Promise<EntryBatch> {
  const engine = createEngine({ jobs: 1 });
  const builder = new EntryBatchBuilder();
  try {
    for await (const batch of engine.walk(library, { extensions: KOREADER_EXTENSIONS })) {
      for (let index = 0; index < batch.length && builder.length < count; index += 1) {
        const path = batch.pathAt(index).toString('latin1');
        builder.addFile(path, batch.sizeBytes[index] ?? 0, batch.modifiedNs[index] ?? 0n);
      }
    }
  } finally {
    await engine.close();
  }
  if (builder.length < count) throw new Error(`${library} holds fewer than ${count} files`);
  return builder.take();
}
