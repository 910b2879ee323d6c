import { type RingHandles, IoRing, releaseRing } from './io-ring/io-ring.js';
import { loadLibc } from './io-ring/libc.js';
import { RingReader } from './io-ring/ring-reader.js';
import type { SampleReader } from './sample-reader.js';
import { SYSTEM_CALL_READER } from './system-call-reader.js';

/** `auto` takes io_uring where the system offers it and system calls elsewhere. */
export type ReadsChoice = 'auto' | SampleReader['name'];

export interface MadeReader {
  readonly reader: SampleReader;
  /** What `releaseReader` has to give back when the reader's thread is gone. */
  readonly handles: RingHandles | undefined;
}

/**
 * Makes this thread's reader.
 *
 * @param slots files in a group at most
 * @throws Error that says why, when io_uring was asked for by name and cannot be had
 */
export function createSampleReader(choice: ReadsChoice, slots: number): MadeReader {
  if (choice !== 'system-calls') {
    const loaded = loadLibc();
    if (loaded.state === 'unavailable' && choice === 'io-uring') throw new Error(loaded.reason);
    if (loaded.state === 'ready') {
      try {
        const reader = new RingReader(loaded.libc, slots);
        return { reader, handles: reader.handles };
      } catch (error) {
        // A limit on descriptors or on memory may leave the first threads a ring and the next none.
        if (choice === 'io-uring') throw error;
      }
    }
  }
  return { reader: SYSTEM_CALL_READER, handles: undefined };
}

/** For the main thread, when the thread that had the reader has ended. */
export function releaseReader(handles: RingHandles): void {
  const loaded = loadLibc();
  if (loaded.state === 'ready') releaseRing(loaded.libc, handles);
}

export interface ReadsKind {
  readonly name: SampleReader['name'];
  /** Of `system-calls`, where they were not asked for: why it is not io_uring. */
  readonly reason: string | undefined;
}

/** The name of the reader that a choice comes to here. @throws as `createSampleReader` does */
export function readsKindFor(choice: ReadsChoice): ReadsKind {
  if (choice === 'system-calls') return { name: choice, reason: undefined };
  try {
    const loaded = loadLibc();
    if (loaded.state === 'unavailable') throw new Error(loaded.reason);
    // A small one is enough to see whether the system gives any.
    releaseRing(loaded.libc, new IoRing(loaded.libc, 1).handles);
    return { name: 'io-uring', reason: undefined };
  } catch (error) {
    if (choice === 'io-uring') throw error;
    return { name: 'system-calls', reason: error instanceof Error ? error.message : String(error) };
  }
}
