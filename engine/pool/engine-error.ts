import type { HashFailureCode } from '../failure.js';

/**
 * The codes of `EngineError`. They are stable; messages are not.
 *
 * - `root-missing`, `root-not-a-folder`, `root-unreadable`: thrown by a walk before its first batch, and by hashing
 *   with `rootMustStay`
 * - `root-is-link`: like these; the root, or a folder above it, is a symbolic link, which the message names. Whoever wants
 *   to follow it resolves the path first (`fs.realpath`)
 * - `root-changed`: at the end of the walk or hashing the root was another folder than at the beginning, because it
 *   was unmounted, mounted or replaced. Files that were not found must not count as missing
 * - `aborted`: the caller's signal was aborted; its reason is the `cause`
 * - `closed`: the engine was closed, before the call or during it
 * - `worker-failed`: a worker thread died, could not start, or has a bug; the `cause` is its error
 * - `md5-unavailable`: the MD5 implementation that was chosen by name does not run here; the `cause` has the reason
 * - `reads-unavailable`: the way of reading that was chosen by name is not available here; the `cause` has the reason
 * - the code of an `EntryFailure`: only from `partialMd5OfFile`
 */
export type EngineErrorCode =
  | 'root-missing'
  | 'root-not-a-folder'
  | 'root-unreadable'
  | 'root-is-link'
  | 'root-changed'
  | 'aborted'
  | 'closed'
  | 'worker-failed'
  | 'md5-unavailable'
  | 'reads-unavailable'
  | HashFailureCode;

/**
 * The error that the engine throws if a call as a whole fails. The failure of one file among many is not thrown; it
 * is an `EntryFailure` in the stream. Arguments that make no sense are a RangeError.
 */
export class EngineError extends Error {
  readonly code: EngineErrorCode;

  constructor(code: EngineErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EngineError';
    this.code = code;
  }
}
