import { type RingHandles, IoRing, releaseRing } from '../system/io-ring.js';
import { loadLibc } from '../system/libc.js';
import { RingReader } from './io-ring/ring-reader.js';
import type { ReadsName, SampleReader } from './sample-reader.js';
import { SYSTEM_CALL_READER } from './system-call-reader.js';

/**
 * How an engine is to read files. `io-uring` (Linux 6.1 or newer, with the optional package koffi) reads a hundred
 * files at a time in each thread; `system-calls` reads one file at a time with Node's synchronous calls. `auto` is
 * `io-uring` where the system offers it and `system-calls` elsewhere. The digests are the same.
 */
export type ReadsChoice = 'auto' | ReadsName;

export const READS_CHOICES: readonly ReadsChoice[] = ['auto', 'io-uring', 'system-calls'];

export interface CreatedReader {
  readonly reader: SampleReader;
  /** To be passed to `releaseReader` once the reader's thread has ended. */
  readonly handles: RingHandles | undefined;
}

/**
 * Makes a reader for the calling thread.
 *
 * @param slots maximum number of files in a group
 * @throws Error with the reason if io_uring was chosen by name and is not available
 */
export function createSampleReader(choice: ReadsChoice, slots: number): CreatedReader {
  if (choice !== 'system-calls') {
    const loaded = loadLibc();
    if (loaded.state === 'unavailable' && choice === 'io-uring') throw new Error(loaded.reason);
    if (loaded.state === 'ready') {
      try {
        const reader = new RingReader(loaded.libc, slots);
        return { reader, handles: reader.handles };
      } catch (error) {
        // With `auto` this thread uses system calls, even if others have a ring: a limit on descriptors or memory may
        // be reached only by the later threads.
        if (choice === 'io-uring') throw error;
      }
    }
  }
  return { reader: SYSTEM_CALL_READER, handles: undefined };
}

/** To be called by the main thread once the reader's thread has ended. */
export function releaseReader(handles: RingHandles): void {
  const loaded = loadLibc();
  if (loaded.state === 'ready') releaseRing(loaded.libc, handles);
}

/** How an engine reads files. */
export interface ReadsKind {
  readonly name: ReadsName;
  /** If `auto` came to `system-calls`: why io_uring is not available, in English for people. Otherwise undefined. */
  readonly reason: string | undefined;
}

/** What kind of reader `createSampleReader` makes for a choice. @throws like `createSampleReader` */
export function readsKindFor(choice: ReadsChoice): ReadsKind {
  if (choice === 'system-calls') return { name: choice, reason: undefined };
  try {
    const loaded = loadLibc();
    if (loaded.state === 'unavailable') throw new Error(loaded.reason);
    // A ring of one entry is enough to find out whether the system allows any.
    releaseRing(loaded.libc, new IoRing(loaded.libc, 1).handles);
    return { name: 'io-uring', reason: undefined };
  } catch (error) {
    if (choice === 'io-uring') throw error;
    return { name: 'system-calls', reason: error instanceof Error ? error.message : String(error) };
  }
}
