import { hash } from 'node:crypto';

const SLASH = 0x2f;

/**
 * KOReader's other way to name a document: the MD5 of the bytes behind the last `/` of its path.
 *
 * @param path bytes, or text that is taken as UTF-8
 * @returns 16 bytes
 */
export function filenameMd5(path: Buffer | string): Buffer {
  const bytes = typeof path === 'string' ? Buffer.from(path) : path;
  return hash('md5', bytes.subarray(bytes.lastIndexOf(SLASH) + 1), 'buffer');
}
