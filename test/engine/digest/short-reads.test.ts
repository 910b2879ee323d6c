import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ENDED_EARLY, readMessage, type ReadAt } from '../../../engine/digest/sample-read.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { writeSampleFile } from './sample-file.js';
import { readVectors } from './vectors.js';

/** Reads at most `maxBytes()` bytes at a time, as a network file system may. */
function shortReads(maxBytes: () => number): ReadAt {
  return (fd, into, at, bytes, offset) => readSync(fd, into, at, Math.min(bytes, maxBytes()), offset);
}

describe('short reads', async () => {
  const { path: folder } = await temporaryFolder();
  const arena = new Uint8Array(20_000);

  function digestOf(path: string, sizeBytes: number, read: ReadAt): string {
    const fd = openSync(path, 'r');
    const length = readMessage(fd, sizeBytes, arena, 77, read);
    closeSync(fd);
    return createHash('md5')
      .update(arena.subarray(77, 77 + length))
      .digest('hex');
  }

  it('are continued: every vector in pieces of 1 to 700 bytes', () => {
    let call = 0;
    const read = shortReads(() => 1 + (((call += 1) * 997) % 700));
    for (const { sizeBytes, digest } of readVectors()) {
      const path = join(folder, `${sizeBytes}`);
      writeSampleFile(path, sizeBytes);
      expect(`${sizeBytes} ${digestOf(path, sizeBytes, read)}`).toBe(`${sizeBytes} ${digest}`);
    }
  });

  it('are distinguished from the end of the file', () => {
    const path = join(folder, 'short');
    for (const [realBytes, saidBytes] of [
      [0, 1],
      [3000, 3001],
      [5119, 5120],
      [5200, 16_385],
      [20_000, 70_000],
    ] as const) {
      writeSampleFile(path, realBytes);
      const fd = openSync(path, 'r');
      expect(readMessage(fd, saidBytes, arena, 0)).toBe(ENDED_EARLY);
      closeSync(fd);
    }
  });
});
