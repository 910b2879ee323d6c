import { readSync } from 'node:fs';
import { HEAD_BYTES, packMessage, SAMPLE_BYTES, TAIL_OFFSETS } from './sample-plan.js';

/** `readMessage` returns this if the file is shorter than `sizeBytes`. */
export const ENDED_EARLY = -1;

/** The signature of `readSync`. Tests pass a function that reads as little at a time as a bad network does. */
export type ReadAt = (fd: number, into: Uint8Array, at: number, bytes: number, offset: number) => number;

/**
 * Reads the samples of a file of `sizeBytes` into the arena at `start`, where they form the message to digest.
 *
 * @returns length of the message, 0 … 12,288, or `ENDED_EARLY`
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

/** Continues after a short read, as network file systems and FUSE return. @returns false if the file ends first */
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
