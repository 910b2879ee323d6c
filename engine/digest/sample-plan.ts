/**
 * KOReader's partial MD5 digests at most twelve windows of 1,024 bytes: at offset 0 and at 1024 · 4^k for
 * k = 0 … 10 (the last one at 1 GiB), in that order. The first window that would begin at or past the end of the
 * file ends the list; a window that the end cuts short gives only the bytes it has.
 */
export const SAMPLE_BYTES = 1024;

export const SAMPLE_OFFSETS: readonly number[] = [
  0,
  ...Array.from({ length: 11 }, (_, power) => SAMPLE_BYTES * 4 ** power),
];

/** The longest message: twelve full windows. */
export const MAX_MESSAGE_BYTES = SAMPLE_BYTES * SAMPLE_OFFSETS.length;

/**
 * The windows at 0, 1024 and 4096 lie within the first 5 KiB, so one read takes all three. The 2 KiB between them
 * are read for nothing: that costs less than a second system call (and the page cache reads whole pages anyway).
 */
export const HEAD_BYTES = 5 * SAMPLE_BYTES;
const THIRD_OFFSET = 4 * SAMPLE_BYTES;
const HEAD_WINDOWS = 3;

/** Windows past the head, each a read of its own: 16 KiB, 64 KiB … 1 GiB. */
export const TAIL_OFFSETS: readonly number[] = SAMPLE_OFFSETS.slice(HEAD_WINDOWS);

/** Bytes of the message that come from the first `headBytes` bytes (0 … 5,120) of the file. More are windows past it. */
export function headMessageBytes(headBytes: number): number {
  const contiguous = Math.min(headBytes, 2 * SAMPLE_BYTES);
  return contiguous + Math.max(0, headBytes - THIRD_OFFSET);
}

/**
 * Turns what was read, at `start` of the arena, into the message: the head as it lies in the file, and behind a whole
 * head the windows past it. The third window, and what follows, moves up against the second.
 *
 * @param bytes of the head, or of the head and the windows past it
 * @returns bytes of the message
 */
export function packMessage(arena: Uint8Array, start: number, bytes: number): number {
  if (bytes > THIRD_OFFSET) {
    arena.copyWithin(start + 2 * SAMPLE_BYTES, start + THIRD_OFFSET, start + bytes);
  }
  return headMessageBytes(bytes);
}

/** Bytes of the message of a file of `sizeBytes`: 0 … 12,288. */
export function messageBytes(sizeBytes: number): number {
  let bytes = headMessageBytes(Math.min(sizeBytes, HEAD_BYTES));
  for (const offset of TAIL_OFFSETS) {
    if (offset >= sizeBytes) break;
    bytes += Math.min(SAMPLE_BYTES, sizeBytes - offset);
  }
  return bytes;
}
