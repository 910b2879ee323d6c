/**
 * The public interface of the engine (`dogear/engine`): it finds the books in a folder tree and computes KOReader's
 * digests of them. Nothing else of engine/ may be imported from outside.
 *
 * @example
 * const engine = createEngine();
 * for await (const batch of engine.hash(root, engine.walk(root, { extensions: KOREADER_EXTENSIONS }))) {
 *   for (let i = 0; i < batch.entries.length; i += 1) {
 *     const digest = Buffer.from(batch.partialMd5.subarray(16 * i, 16 * i + 16)).toString('hex');
 *     console.log(batch.failureAt(i)?.message ?? digest, batch.entries.pathAt(i).toString());
 *   }
 * }
 * await engine.close();
 */
export { filenameMd5 } from './digest/filename-md5.js';
export type { Md5KernelName } from './digest/md5-kernel.js';
export type { Md5Choice } from './digest/md5-kernel-choice.js';
export type { ReadsName } from './digest/sample-reader.js';
export type { ReadsChoice, ReadsKind } from './digest/sample-reader-choice.js';
export type { EntryFailure, HashFailureCode, WalkFailureCode } from './failure.js';
export { EngineError, type EngineErrorCode } from './pool/engine-error.js';
export { createEngine, type Engine, type EngineStatus } from './pool/engine.js';
export type { EngineOptions, HashOptions, WalkOptions, WhichAreGoneOptions } from './pool/engine-options.js';
export type { HashedBatch } from './pool/hashed-batch.js';
export { digestOfFile, type FileDigest, partialMd5OfFile } from './pool/partial-md5-of-file.js';
export type { TunerPoint } from './pool/throughput-watch.js';
export { isBookName, KOREADER_EXTENSIONS } from './walk/book-extensions.js';
export { EntryBatch, type PackedEntries } from './walk/entry-batch.js';
export { EntryBatchBuilder } from './walk/entry-batch-builder.js';
export { isSlowPattern } from './walk/ignore-patterns.js';
export { returnFreeMemory } from './system/free-memory.js';
export { shardOfFolder, type Shard } from './walk/shard.js';
export { isSystemFolder } from './walk/system-entries.js';
export type { SkipCounts } from './walk/walk-step.js';
