import { describe, expect, it } from 'vitest';
import { isBookName, KOREADER_EXTENSIONS } from '../../../engine/index.js';

function isBook(name: string, extensions: ReadonlySet<string> = KOREADER_EXTENSIONS): boolean {
  return isBookName(Buffer.from(name), extensions);
}

describe('a name is that of a book', () => {
  it('by its extension, in upper or lower case', () => {
    for (const name of [
      'a.epub',
      'A.EPUB',
      'a.b.pdf',
      'x.fb2.zip',
      'x.FB2.ZIP',
      'a.cbz',
      'a.cb7',
      ' .djvu',
    ]) {
      expect(`${name} ${isBook(name)}`).toBe(`${name} true`);
    }
    for (const name of [
      '',
      'epub',
      '.epub',
      'a.',
      'a.epub.part',
      'a.rar',
      'zip.fb2x',
      'cover.jpg',
      'metadata.opf',
      '..',
    ]) {
      expect(`${name} ${isBook(name)}`).toBe(`${name} false`);
    }
  });

  it('unless it is an attribute file of macOS, or a hidden file that consists of an extension', () => {
    expect(isBook('._a.epub')).toBe(false);
    expect(isBook('.zip')).toBe(false);
  });

  it('by the extensions that are given', () => {
    expect(isBook('a.Md', new Set(['md']))).toBe(true);
    expect(isBook('a.КНИГА', new Set(['книга']))).toBe(true);
    expect(isBook('a.epub', new Set(['md']))).toBe(false);
    expect(isBook('a.epub', new Set())).toBe(false);
    expect(isBookName(Buffer.from([0xff, 0x2e, 0x4d, 0x44]), new Set(['md']))).toBe(true);
  });

  it('by default if KOReader opens the extension as a document', () => {
    for (const extension of KOREADER_EXTENSIONS) expect(extension).toMatch(/^[a-z0-9]+(\.zip)?$/);
    for (const comic of ['cbz', 'cbr', 'cb7', 'cbt']) expect(KOREADER_EXTENSIONS).toContain(comic);
    expect(KOREADER_EXTENSIONS).not.toContain('jpg');
  });
});
