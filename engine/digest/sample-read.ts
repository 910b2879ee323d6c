import { readSync } from 'node:fs';
import { HEAD_BYTES, packMessage, SAMPLE_BYTES, TAIL_OFFSETS } from './sample-plan.js';

/** What `readMessage` returns when the file ended before the size that it was said to have. */
export const ENDED_EARLY = -1;

/** `readSync`, or in tests something that reads as a bad network does. */
export type ReadAt = (fd: number, into: Uint8Array, at: number, bytes: number, offset: number) => number;

/**
 * Reads the samples of a file of `sizeBytes` into the arena at `start`, in the order of the message.
 *
 * @returns bytes of the message, 0 … 12,288, or `ENDED_EARLY`
 */
export function readMessage(
  fd: number,
  sizeBytes: number,
  arena: Uint8Array,
  start: number,
  read: ReadAt = readSync,
): number {
  const headBytes = sizeBytes < HEAD_BYTES ? sizeBytes : HEAD_BYTES;
  if (!readFully(read, fd, arena, start, headBytes, 0)) return ENDED_EARLY;
  let length = packMessage(arena, start, headBytes);
  for (const offset of TAIL_OFFSETS) {
    const left = sizeBytes - offset;
    if (left <= 0) break;
    const wanted = left < SAMPLE_BYTES ? left : SAMPLE_BYTES;
    if (!readFully(read, fd, arena, start + length, wanted, offset)) return ENDED_EARLY;
    length += wanted;
  }
  return length;
}

/** Reads on after a short read (network file systems and FUSE give them); false when the file ends first. */
function readFully(
  read: ReadAt,
  fd: number,
  into: Uint8Array,
  at: number,
  bytes: number,
  offset: number,
): boolean {
  let done = 0;
  while (done < bytes) {
    const got = read(fd, into, at + done, bytes - done, offset + done);
    if (got === 0) return false;
    done += got;
  }
  return true;
}
