import type { EntryFailure } from '../failure.js';
import { EntryBatch } from './entry-batch.js';

/** Joins several batches into one, in their order. A single batch is returned as it is, not copied. */
export function joinBatches(batches: readonly EntryBatch[]): EntryBatch {
  const [first] = batches;
  if (first && batches.length === 1) return first;
  let count = 0;
  let pathByteCount = 0;
  for (const batch of batches) {
    count += batch.length;
    pathByteCount += batch.pathBytes.length;
  }
  const pathBytes = new Uint8Array(pathByteCount);
  const pathEnds = new Uint32Array(count);
  const sizeBytes = new Float64Array(count);
  const modifiedNs = new BigInt64Array(count);
  const stateMarks = new Float64Array(count);
  const failures = new Map<number, EntryFailure>();
  let at = 0;
  let pathStart = 0;
  for (const batch of batches) {
    pathBytes.set(batch.pathBytes, pathStart);
    for (const [index, end] of batch.pathEnds.entries()) pathEnds[at + index] = pathStart + end;
    sizeBytes.set(batch.sizeBytes, at);
    modifiedNs.set(batch.modifiedNs, at);
    stateMarks.set(batch.stateMarks, at);
    for (const [index, failure] of batch.failures) failures.set(at + index, failure);
    at += batch.length;
    pathStart += batch.pathBytes.length;
  }
  return new EntryBatch({ pathBytes, pathEnds, sizeBytes, modifiedNs, stateMarks, failures });
}
