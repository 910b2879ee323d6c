import type { Configuration } from '../../config/schema.js';
import type { ScanProgress, ScanSummary } from '../scan/scan-library.js';
import type { DogearErrorCode } from '../domain/dogear-error.js';
import type { LibraryId, ScanId } from '../domain/ids.js';
import type { FileFailure, ScanShard } from '../scan/scan.js';
import type { LoggedError } from '../http/logged-error.js';

/** What a scanning thread is started with. */
export interface ScanThreadTask {
  readonly configuration: Pick<Configuration, 'database' | 'engine'>;
  readonly libraryId: LibraryId;
  readonly regenHashes: boolean;
  readonly shard: ScanShard | undefined;
}

/** From the thread that started it. */
export interface ScanThreadStop {
  readonly type: 'stop';
}

/** From the scanning thread; the last of them is `completed` or `failed`. */
export type ScanThreadEvent =
  | { readonly type: 'started'; readonly scanId: ScanId }
  | { readonly type: 'progress'; readonly progress: ScanProgress }
  | { readonly type: 'failure'; readonly failure: FileFailure }
  | { readonly type: 'completed'; readonly summary: ScanSummary }
  | { readonly type: 'failed'; readonly code: DogearErrorCode | undefined; readonly error: LoggedError };
