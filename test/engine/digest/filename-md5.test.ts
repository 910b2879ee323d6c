import { describe, expect, it } from 'vitest';
import { filenameMd5 } from '../../../engine/index.js';

describe('the filename MD5', () => {
  // Computed by md5sum.
  it.each([
    ['abc', '900150983cd24fb0d6963f7d28e17f72'],
    ['books/by author/abc', '900150983cd24fb0d6963f7d28e17f72'],
    ['/José.epub', '23a4c76665e52e1a2ab349e22778b574'],
    ['books/', 'd41d8cd98f00b204e9800998ecf8427e'],
  ])('of %s hashes the bytes of the base name', (path, digest) => {
    expect(filenameMd5(path).toString('hex')).toBe(digest);
    expect(filenameMd5(Buffer.from(path)).toString('hex')).toBe(digest);
  });

  it('accepts names that are not UTF-8', () => {
    const path = Buffer.from([0x61, 0x2f, 0xff, 0xfe]);
    expect(filenameMd5(path).toString('hex')).toBe('f3b25701fe362ec84616a93a45ce9998');
  });
});
