import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';

const WINDOW_BYTES = 1024;
const WINDOW_OFFSETS = [0, ...Array.from({ length: 11 }, (_, power) => WINDOW_BYTES * 4 ** power)];

/** The byte that a test file holds at a position: (31 i + floor(i / 256)) mod 256. */
function byteAt(position: number): number {
  return (position * 31 + Math.floor(position / 256)) % 256;
}

/** A file of any size that costs 12 KiB of disk: sparse, with only the sampled windows written. */
export function writeSampleFile(path: string | Buffer, sizeBytes: number): void {
  const fd = openSync(path, 'w');
  try {
    ftruncateSync(fd, sizeBytes);
    for (const offset of WINDOW_OFFSETS) {
      const bytes = Math.min(WINDOW_BYTES, sizeBytes - offset);
      if (bytes > 0)
        writeSync(
          fd,
          Uint8Array.from({ length: bytes }, (_, at) => byteAt(offset + at)),
          0,
          bytes,
          offset,
        );
    }
  } finally {
    closeSync(fd);
  }
}
