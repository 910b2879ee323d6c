import { hash } from 'node:crypto';

const SLASH = 0x2f;

/**
 * The filename MD5 of a document: the MD5 of the bytes of its base name. KOReader's sync clients send it in place of
 * the partial MD5 when they are set to match documents by filename.
 *
 * Only the name is hashed: the file need not exist, and all files of the same name share the digest. Pinned by
 * test/engine/digest/filename-md5.test.ts.
 *
 * @param path a path or a name, as bytes or as text that is encoded as UTF-8. Everything up to the last `/` is
 *   ignored; a path that ends in `/` gives the MD5 of no bytes
 * @returns 16 bytes in a new buffer that belongs to the caller
 */
export function filenameMd5(path: Buffer | string): Buffer {
  const bytes = typeof path === 'string' ? Buffer.from(path) : path;
  return hash('md5', bytes.subarray(bytes.lastIndexOf(SLASH) + 1), 'buffer');
}
