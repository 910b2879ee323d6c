/** The engine's door: directories in, digests out. Nothing else of engine/ is imported from outside. */
export { filenameMd5 } from './digest/filename-md5.js';
export { EngineError, type EngineErrorCode } from './pool/engine-error.js';
export {
  createEngine,
  type Engine,
  type EngineOptions,
  type EngineStatus,
  type HashOptions,
  type WalkOptions,
} from './pool/engine.js';
export type { HashedBatch } from './pool/hashed-batch.js';
export { partialMd5OfFile } from './pool/partial-md5-of-file.js';
export type { TunerPoint } from './pool/throughput-watch.js';
export { isBookName, KOREADER_EXTENSIONS } from './walk/book-extensions.js';
export { EntryBatch } from './walk/entry-batch.js';
export { EntryBatchBuilder } from './walk/entry-batch-builder.js';
export type { EntryFailure, HashFailureCode, WalkFailureCode } from './walk/failure.js';
export { shardOfFolder, type Shard } from './walk/shard.js';
