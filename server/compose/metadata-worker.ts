import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { readLibraryMetadata } from '../book/read-metadata.js';
import { openStore } from '../database/store.js';
import { OPERATOR } from '../domain/actor.js';
import { DogearError } from '../domain/dogear-error.js';
import { errorMessage } from '../domain/error-text.js';
import { getLibrary } from '../library/get-library.js';
import { scanGauges } from '../scan/scan-gauges.js';
import { adoptUnmatched } from '../sync/adopt-unmatched.js';
import type { MetadataThreadFailure, MetadataThreadStop, MetadataThreadTask } from './metadata-thread.js';

/** How often the thread looks whether the scans have ended for which it waits. */
const WAIT_MS = 1000;
/** Behind the threads that answer readers and those that hash, where all processors are busy. */
const NICE = 10;

/** Reads the metadata of libraries for metadata-thread.ts, one after the other. */
async function readMetadata(task: MetadataThreadTask, port: NonNullable<typeof parentPort>): Promise<void> {
  const stop = new AbortController();
  port.on('message', (_stop: MetadataThreadStop) => stop.abort());
  stepBack();
  const onFault = (error: unknown): void =>
    port.postMessage({ message: errorMessage(error) } satisfies MetadataThreadFailure);
  try {
    // One connection: the thread does one thing at a time.
    const store = await openStore(task.database.url, { connections: 1 });
    try {
      const turn = async (): Promise<void> => {
        while (!stop.signal.aborted && (await scanGauges(store)).length > 0) await delay(WAIT_MS);
      };
      for (const id of task.libraryIds) {
        if (stop.signal.aborted) break;
        const library = await libraryIfAny(() => getLibrary(store, OPERATOR, id));
        if (library === undefined) continue;
        await readLibraryMetadata(store, library, {
          signal: stop.signal,
          turn,
          readsEpubs: task.readsEpubs,
          onFault,
        });
        // Names that are made of the metadata may be those of documents that found no book.
        await adoptUnmatched(store);
      }
    } finally {
      await store.close();
    }
  } catch (error) {
    onFault(error);
  } finally {
    port.close();
  }
}

async function libraryIfAny<T>(get: () => Promise<{ readonly library: T }>): Promise<T | undefined> {
  try {
    return (await get()).library;
  } catch (error) {
    if (error instanceof DogearError) return undefined; // It was removed meanwhile.
    throw error;
  }
}

/** Linux has a priority for each thread, under the number of the thread. Elsewhere the thread keeps that of the process. */
function stepBack(): void {
  try {
    const thread = /\/task\/(\d+)$/.exec(readlinkSync('/proc/thread-self'))?.[1];
    if (thread !== undefined) setPriority(Number(thread), NICE);
  } catch {
    return; // no /proc, or not permitted: the pauses between commits remain
  }
}

if (parentPort !== null) {
  // Only metadata-thread.ts starts this thread, and with this type.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  await readMetadata(workerData as MetadataThreadTask, parentPort);
}
