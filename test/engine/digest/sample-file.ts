import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';

const WINDOW_BYTES = 1024;
const WINDOW_OFFSETS = [0, ...Array.from({ length: 11 }, (_, power) => WINDOW_BYTES * 4 ** power)];

/**
 * Writes a file of any size that takes about 50 KB of disk. It is sparse; only the sampled windows are written. The
 * byte at position i of a window is (31 i + floor(i / 256) + shift) mod 256, where i counts from the beginning of the
 * file.
 */
export function writeSampleFile(path: string | Buffer, sizeBytes: number, shift = 0): void {
  const fd = openSync(path, 'w');
  try {
    ftruncateSync(fd, sizeBytes);
    for (const offset of WINDOW_OFFSETS) {
      if (offset >= sizeBytes) break;
      const bytes = windowBytes(offset, shift);
      writeSync(fd, bytes, 0, Math.min(WINDOW_BYTES, sizeBytes - offset), offset);
    }
  } finally {
    closeSync(fd);
  }
}

function windowBytes(offset: number, shift: number): Uint8Array {
  const bytes = new Uint8Array(WINDOW_BYTES);
  for (let at = 0; at < WINDOW_BYTES; at += 1) {
    const position = offset + at;
    bytes[at] = (position * 31 + Math.floor(position / 256) + shift) % 256;
  }
  return bytes;
}
