/**
 * KOReader's partial MD5 digests at most twelve windows of 1,024 bytes: at offset 0 and at 1024 · 4^k for k = 0 … 10
 * (the last one at 1 GiB), in that order. Windows that would begin at or after the end of the file are left out. A
 * window that the end of the file cuts short contributes the bytes that exist.
 */
export const SAMPLE_BYTES = 1024;

export const SAMPLE_OFFSETS: readonly number[] = [
  0,
  ...Array.from({ length: 11 }, (_, power) => SAMPLE_BYTES * 4 ** power),
];

/** The longest message: twelve full windows. */
export const MAX_MESSAGE_BYTES = SAMPLE_BYTES * SAMPLE_OFFSETS.length;

/**
 * The windows at 0, 1024 and 4096 lie within the first 5 KiB, the head, so one read gets all three. The 2 KiB between
 * them are read too and not used. That costs less than a second system call, and the page cache reads whole pages
 * anyway.
 */
export const HEAD_BYTES = 5 * SAMPLE_BYTES;
const THIRD_OFFSET = 4 * SAMPLE_BYTES;
const HEAD_WINDOWS = 3;

/** Offsets of the windows after the head, each of which takes one read: 16 KiB, 64 KiB … 1 GiB. */
export const TAIL_OFFSETS: readonly number[] = SAMPLE_OFFSETS.slice(HEAD_WINDOWS);

/**
 * Bytes of the message that come from the first `headBytes` bytes of the file. If `headBytes` is more than 5,120, the
 * rest must be windows after the head, and all of it counts.
 */
export function headMessageBytes(headBytes: number): number {
  const contiguous = Math.min(headBytes, 2 * SAMPLE_BYTES);
  return contiguous + Math.max(0, headBytes - THIRD_OFFSET);
}

/**
 * Closes the gap in the head. Before, the arena at `start` holds the head as it is in the file, and after a complete
 * head the windows that follow it. Then the third window and everything after it are moved up to the end of the
 * second window.
 *
 * @param bytes length of the head, or of the head and the windows after it
 * @returns length of the message
 */
export function packMessage(arena: Uint8Array, start: number, bytes: number): number {
  if (bytes > THIRD_OFFSET) {
    arena.copyWithin(start + 2 * SAMPLE_BYTES, start + THIRD_OFFSET, start + bytes);
  }
  return headMessageBytes(bytes);
}

/** Length of the message of a file of `sizeBytes`: 0 … 12,288. */
export function messageBytes(sizeBytes: number): number {
  let bytes = headMessageBytes(Math.min(sizeBytes, HEAD_BYTES));
  for (const offset of TAIL_OFFSETS) {
    if (offset >= sizeBytes) break;
    bytes += Math.min(SAMPLE_BYTES, sizeBytes - offset);
  }
  return bytes;
}
