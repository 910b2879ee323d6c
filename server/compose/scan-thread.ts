import { Worker } from 'node:worker_threads';
import type { Configuration } from '../../config/schema.js';
import type { ScanOptions, ScanSummary } from '../scan/scan-library.js';
import { DogearError, type DogearErrorCode } from '../domain/dogear-error.js';
import type { Library } from '../library/library.js';
import type { LoggedError } from '../http/logged-error.js';
import type { ScanThreadEvent, ScanThreadStop, ScanThreadTask } from './scan-thread-messages.js';

/** Scans a library, in this thread or in another one. */
export type ScanLibrary = (library: Library, options?: ScanOptions) => Promise<ScanSummary>;

/**
 * Scans in a thread of its own. Walking and hashing run in the engine's workers in any case. Comparing and writing take
 * some 10 µs for each file, which would delay the requests of a server in the same thread.
 */
export function scanInThread(
  configuration: Configuration,
  onAdoptionError: (error: LoggedError) => void,
): ScanLibrary {
  return (library, options = {}) =>
    new Promise((resolve, reject) => {
      const task: ScanThreadTask = {
        configuration: {
          database: configuration.database,
          engine: configuration.engine,
          library: configuration.library,
        },
        libraryId: library.id,
        regenHashes: options.regenHashes === true,
        unlessBegunWithinMs: options.unlessBegunWithinMs,
        within: options.within,
        shard: options.shard,
      };
      const worker = new Worker(new URL('./scan-worker.js', import.meta.url), { workerData: task });
      const stop = (): void => worker.postMessage({ type: 'stop' } satisfies ScanThreadStop);
      if (options.signal?.aborted === true) stop();
      options.signal?.addEventListener('abort', stop, { once: true });
      worker.on('message', (event: ScanThreadEvent) => {
        switch (event.type) {
          case 'started':
            options.onStart?.(event.scanId);
            return;
          case 'progress':
            options.onProgress?.(event.progress);
            return;
          case 'failure':
            options.onFailure?.({ ...event.failure, path: Buffer.from(event.failure.path) });
            return;
          case 'not-adopted':
            onAdoptionError(event.error);
            return;
          case 'completed':
            resolve(event.summary);
            return;
          case 'failed':
            reject(errorOf(event.error, event.code));
            return;
          default:
            event satisfies never;
        }
      });
      worker.on('error', reject);
      worker.on('exit', () => {
        options.signal?.removeEventListener('abort', stop);
        reject(new Error('the scanning thread ended without a result')); // no effect after a result
      });
    });
}

/** Rebuilds the error of the other thread, with its stack there and its causes. */
function errorOf({ name, message, stack, code, cause }: LoggedError, dogearCode?: DogearErrorCode): Error {
  const origin = cause === undefined ? undefined : errorOf(cause);
  if (dogearCode !== undefined) return new DogearError(dogearCode, message, origin);
  const error = new Error(message, origin === undefined ? {} : { cause: origin });
  return Object.assign(error, { name, stack }, code === undefined ? {} : { code });
}
