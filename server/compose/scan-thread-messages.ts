import type { Configuration } from '../../config/schema.js';
import type { ScanProgress, ScanSummary } from '../scan/scan-library.js';
import type { DogearErrorCode } from '../domain/dogear-error.js';
import type { LibraryId, ScanId } from '../domain/ids.js';
import type { FileFailure, ScanShard } from '../scan/scan.js';
import type { LoggedError } from '../http/logged-error.js';

/** The `workerData` of a scanning thread. */
export interface ScanThreadTask {
  readonly configuration: Pick<Configuration, 'database' | 'engine' | 'library'>;
  readonly libraryId: LibraryId;
  readonly regenHashes: boolean;
  readonly unlessBegunWithinMs: number | undefined;
  readonly within: readonly Uint8Array[] | undefined;
  readonly shard: ScanShard | undefined;
}

/** To a scanning thread, from the one that started it. */
export interface ScanThreadStop {
  readonly type: 'stop';
}

/** From the scanning thread. The last event is `completed` or `failed`. */
export type ScanThreadEvent =
  | { readonly type: 'started'; readonly scanId: ScanId }
  | { readonly type: 'progress'; readonly progress: ScanProgress }
  | { readonly type: 'failure'; readonly failure: FileFailure }
  /** What was refused of documents that have a book by now did not become progress. The scan has ended well. */
  | { readonly type: 'not-adopted'; readonly error: LoggedError }
  | { readonly type: 'completed'; readonly summary: ScanSummary }
  | { readonly type: 'failed'; readonly code: DogearErrorCode | undefined; readonly error: LoggedError };
