import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';

/**
 * The partial MD5 as KOReader describes it, written to be obviously right and not fast. It reads one window after the
 * other, each until it is full or the file ends. It neither asks for the size of the file nor merges reads.
 */
export function referencePartialMd5(path: string): string {
  const md5 = createHash('md5');
  const file = openSync(path, 'r');
  for (let k = -1; k <= 10; k += 1) {
    const offset = k === -1 ? 0 : 1024 * 4 ** k;
    const window: Buffer[] = [];
    for (let position = offset; position < offset + 1024;) {
      const piece = Buffer.alloc(offset + 1024 - position);
      const got = readSync(file, piece, 0, piece.length, position);
      if (got === 0) break;
      window.push(piece.subarray(0, got));
      position += got;
    }
    if (window.length === 0) break;
    md5.update(Buffer.concat(window));
  }
  closeSync(file);
  return md5.digest('hex');
}
