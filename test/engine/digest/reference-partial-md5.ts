import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';

/**
 * The partial MD5 as it is described, with no thought of speed: one window after the other, each read byte by byte
 * into the digest until it is full or the file ends.
 */
export function referencePartialMd5(path: string): string {
  const md5 = createHash('md5');
  const file = openSync(path, 'r');
  const byte = Buffer.alloc(1);
  for (let k = -1; k <= 10; k += 1) {
    const offset = k === -1 ? 0 : 1024 * 4 ** k;
    let position = offset;
    while (position < offset + 1024 && readSync(file, byte, 0, 1, position) === 1) {
      md5.update(byte);
      position += 1;
    }
    if (position === offset) break;
  }
  closeSync(file);
  return md5.digest('hex');
}
