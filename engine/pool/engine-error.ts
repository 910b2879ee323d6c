import type { HashFailureCode } from '../walk/failure.js';

/**
 * What the engine throws, as against what befalls one file of many (that is a failure in the stream).
 *
 * - `root-missing`, `root-not-a-folder`, `root-unreadable`: before the first batch of a walk, or of hashing that asks
 *   for it
 * - `root-changed`: the walk, or the hashing, ended on another folder than it began on (unmounted, mounted, replaced):
 *   what it did not find must not count as gone
 * - `aborted`: by the caller's signal, whose reason is the `cause`
 * - `closed`: the engine was closed before or meanwhile
 * - `worker-failed`: a worker thread died or met a defect of ours; the `cause` says more
 * - `md5-unavailable`: the kernel that was asked for does not run here
 * - `reads-unavailable`: the way of reading that was asked for does not run here
 * - a file's failure code: only from `partialMd5OfFile`, with the operating system's error as `cause`
 */
export type EngineErrorCode =
  | 'root-missing'
  | 'root-not-a-folder'
  | 'root-unreadable'
  | 'root-changed'
  | 'aborted'
  | 'closed'
  | 'worker-failed'
  | 'md5-unavailable'
  | 'reads-unavailable'
  | HashFailureCode;

export class EngineError extends Error {
  readonly code: EngineErrorCode;

  constructor(code: EngineErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EngineError';
    this.code = code;
  }
}
