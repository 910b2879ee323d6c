import type {
  Engine,
  EntryBatch,
  EntryFailure,
  HashedBatch,
  HashOptions,
  WalkOptions,
} from '../../engine/index.js';
import { KOREADER_EXTENSIONS } from '../../engine/index.js';

export interface Found {
  /** Relative to the root, latin1. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly modifiedNs: bigint;
  readonly failure: EntryFailure | undefined;
}

export interface Hashed extends Found {
  readonly partialMd5: string;
  readonly filenameMd5: string;
}

/** All entries of a walk, in its order. */
export async function walked(
  engine: Engine,
  root: Buffer | string,
  options: Partial<WalkOptions> = {},
): Promise<Found[]> {
  const found: Found[] = [];
  for await (const batch of engine.walk(root, { extensions: KOREADER_EXTENSIONS, ...options })) {
    found.push(...entriesOf(batch));
  }
  return found;
}

export function entriesOf(batch: EntryBatch): Found[] {
  return Array.from({ length: batch.length }, (_, index) => ({
    path: batch.pathAt(index).toString('latin1'),
    sizeBytes: batch.sizeBytes[index] ?? -1,
    modifiedNs: batch.modifiedNs[index] ?? -1n,
    failure: batch.failureAt(index),
  }));
}

export function hashedEntriesOf(batch: HashedBatch): Hashed[] {
  return Array.from({ length: batch.entries.length }, (_, index) => ({
    path: batch.entries.pathAt(index).toString('latin1'),
    sizeBytes: batch.sizeBytes[index] ?? -1,
    modifiedNs: batch.modifiedNs[index] ?? -1n,
    failure: batch.failureAt(index),
    partialMd5: hexAt(batch.partialMd5, index),
    filenameMd5: hexAt(batch.filenameMd5, index),
  }));
}

/** Hashes everything below a root. @returns the results by path */
export async function hashedFolder(engine: Engine, root: Buffer | string): Promise<Map<string, Hashed>> {
  return hashedBatches(engine, root, engine.walk(root, { extensions: KOREADER_EXTENSIONS }));
}

export async function hashedBatches(
  engine: Engine,
  root: Buffer | string,
  batches: AsyncIterable<EntryBatch> | Iterable<EntryBatch>,
  options: HashOptions = {},
): Promise<Map<string, Hashed>> {
  const found = new Map<string, Hashed>();
  for await (const batch of engine.hash(root, batches, options)) {
    for (const entry of hashedEntriesOf(batch)) found.set(entry.path, entry);
  }
  return found;
}

function hexAt(digests: Uint8Array, index: number): string {
  return Buffer.from(digests.subarray(index * 16, index * 16 + 16)).toString('hex');
}
