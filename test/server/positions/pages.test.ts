import { afterAll, describe, expect, it } from 'vitest';
import { BookError } from '../../../server/positions/book-error.js';
import { countPages, pageOfPercentage } from '../../../server/positions/pages/page-count.js';
import { makeBookFolder, makeEpub } from '../../support/epub.js';
import { makeZip } from '../../support/zip.js';

const folder = makeBookFolder();
afterAll(() => folder.remove());

/** The number of pages, or the code of the error. */
async function count(content: Buffer): Promise<number | string | undefined> {
  try {
    return await countPages(folder.write(content));
  } catch (error) {
    if (error instanceof BookError) return error.code;
    throw error;
  }
}

/** A file in a tar archive. */
function entry(name: string, content: string): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write(content.length.toString(8).padStart(11, '0'), 124);
  header.write('0', 156);
  header.write('ustar', 257);
  return Buffer.concat([header, Buffer.from(content), Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

describe('pages and fractions', () => {
  it('come back from the fraction that KOReader sends', () => {
    for (const pageCount of [1, 2, 3, 7, 100, 999, 5000, 9999]) {
      for (let page = 1; page <= pageCount; page += 1) {
        const fraction = page / pageCount;
        const sent = Math.floor(fraction * 10_000) / 10_000;
        expect(pageOfPercentage(fraction, pageCount)).toBe(page);
        if (pageCount < 10_000) expect(pageOfPercentage(sent, pageCount)).toBeGreaterThanOrEqual(page - 1);
        if (pageCount <= 5000 && sent > 0)
          expect(Math.abs(pageOfPercentage(sent, pageCount) - page)).toBeLessThan(2);
      }
    }
  });

  it('are never outside of the document', () => {
    expect([-1, 0, 2, Number.NaN].map((fraction) => pageOfPercentage(fraction, 10))).toEqual([1, 1, 10, 1]);
    expect(pageOfPercentage(0.5, 0)).toBe(1);
  });
});

describe('comics', () => {
  it('have a page for each image', async () => {
    const names = [
      '10.jpg',
      '2.JPG',
      'a/1.png',
      'readme.txt',
      'A/03.webp',
      'a/b.gif/',
      'x.jpg.txt',
      '1.jpeg',
    ];
    expect(await count(makeZip(names.map((name) => ({ name, content: name }))))).toBe(5);
  });

  it('without images have no pages that are known', async () => {
    expect(await count(makeEpub({ chapters: [] }))).toBeUndefined();
    expect(await count(Buffer.alloc(0))).toBeUndefined();
  });

  it.each(['Rar!\u001A\u0007\u0000', '%PDF-1.4\n', 'AT&TFORM\0\0\0\fDJVU'])(
    'are not counted in %j',
    async (head) => {
      expect(await count(Buffer.from(head))).toBeUndefined();
    },
  );

  it('that are cut off give an error', async () => {
    expect(await count(makeZip([{ name: '1.jpg', content: 'x' }]).subarray(0, 40))).toBe('truncated');
  });

  it('in a tar archive', async () => {
    const files = [entry('1.jpg', 'x'.repeat(700)), entry('notes.txt', ''), entry('2.png', 'y'.repeat(512))];
    expect(await count(Buffer.concat([...files, Buffer.alloc(1024)]))).toBe(2);
  });
});
