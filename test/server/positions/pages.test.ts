import { deflateSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { BookError } from '../../../server/positions/book-error.js';
import { sortPages } from '../../../server/positions/pages/comic-pages.js';
import { countPages } from '../../../server/positions/pages/page-count.js';
import { pageOfPercentage, percentageOfPage } from '../../../server/positions/pages/page-fraction.js';
import { makeBookFolder, makeEpub } from '../../support/epub.js';
import { makeZip } from '../../support/zip.js';

const folder = makeBookFolder();
afterAll(() => folder.remove());

async function count(content: Buffer): Promise<number | string> {
  try {
    const result = await countPages(folder.write(content));
    return result.state === 'counted' ? result.pageCount : result.state;
  } catch (error) {
    if (error instanceof BookError) return error.code;
    throw error;
  }
}

const catalogue = '1 0 obj\n<< /Type /Catalog /Lang (a \\) (b)) /Pages 2 0 R >>\nendobj\n';
const pages = '2 0 obj % comment\n<</Type/Pages/Kids[3 0 R]/Count 37>>\nendobj\n';

/** A file with a classic cross-reference table. */
function classic(objects: readonly string[], trailer: string): Buffer {
  let text = '%PDF-1.4\n';
  const offsets = objects.map((object) => {
    const offset = text.length;
    text += object;
    return offset;
  });
  const start = text.length;
  const rows = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  text += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${rows}trailer\n${trailer}\nstartxref\n${start}\n%%EOF\n`;
  return Buffer.from(text, 'latin1');
}

/** A file of PDF 1.5 whose catalogue is in a stream of objects, with a predictor over the cross-reference. */
function compressed(extra = ''): Buffer {
  const inner = ['<</Type/Catalog/Pages 2 0 R>>', '<</Type/Pages/Count 4 0 R>>'];
  const pairs = `1 0 2 ${(inner[0] ?? '').length + 1} `;
  const objects = deflateSync(`${pairs}${inner.join('\n')}`);
  const head = Buffer.from('%PDF-1.5\n4 0 obj\n12\nendobj\n6 0 obj\n', 'latin1');
  const length = Buffer.from(`${objects.length}\nendobj\n`, 'latin1');
  const streamAt = head.length + length.length;
  const stream = Buffer.concat([
    Buffer.from(
      `3 0 obj\n<</Type/ObjStm/N 2/First ${pairs.length}/Filter/FlateDecode/Length 6 0 R>>\nstream\r\n`,
    ),
    objects,
    Buffer.from('\nendstream\nendobj\n'),
  ]);
  const tableAt = streamAt + stream.length;
  const rows = [
    [0, 0, 0],
    [2, 3, 0],
    [2, 3, 1],
    [1, streamAt, 0],
    [1, 9, 0],
    [1, tableAt, 0],
    [1, 27, 0],
  ];
  let previous = [0, 0, 0, 0];
  const filtered = rows.flatMap(([type = 0, second = 0, third = 0]) => {
    const row = [type, second >> 8, second & 255, third];
    const up = row.map((value, column) => (value - (previous[column] ?? 0) + 256) % 256);
    previous = row;
    return [2, ...up];
  });
  const table = deflateSync(Buffer.from(filtered));
  return Buffer.concat([
    head,
    length,
    stream,
    Buffer.from(
      `5 0 obj\n<</Type/XRef/Size 7/W[1 2 1]/Root 1 0 R${extra}/Filter/FlateDecode` +
        `/DecodeParms<</Predictor 12/Columns 4>>/Length ${table.length}>>\nstream\n`,
    ),
    table,
    Buffer.from(`\nendstream\nendobj\nstartxref\n${tableAt}\n%%EOF`),
  ]);
}

/** A chunk of a DjVu file. */
function chunk(id: string, content: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([Buffer.from(id), length, content, Buffer.alloc(content.length % 2)]);
}

function bundle(kinds: readonly string[], flags = 0x81): Buffer {
  const components = kinds.map((kind) => chunk('FORM', Buffer.from(`${kind}somedata`)));
  const directory = Buffer.alloc(3 + kinds.length * 4);
  directory[0] = flags;
  directory.writeUInt16BE(kinds.length, 1);
  let at = 4 + 12 + 8 + directory.length + (directory.length % 2);
  components.forEach((component, index) => {
    directory.writeUInt32BE(at, 3 + index * 4);
    at += component.length;
  });
  const content = Buffer.concat([Buffer.from('DJVM'), chunk('DIRM', directory), ...components]);
  return Buffer.concat([Buffer.from('AT&T'), chunk('FORM', content)]);
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
        const sent = Math.floor(percentageOfPage(page, pageCount) * 10_000) / 10_000;
        expect(pageOfPercentage(percentageOfPage(page, pageCount), pageCount)).toBe(page);
        if (pageCount < 10_000) expect(pageOfPercentage(sent, pageCount)).toBeGreaterThanOrEqual(page - 1);
        if (pageCount <= 5000 && sent > 0)
          expect(Math.abs(pageOfPercentage(sent, pageCount) - page)).toBeLessThan(2);
      }
    }
  });

  it('are never outside of the document', () => {
    expect([-1, 0, 2, Number.NaN].map((fraction) => pageOfPercentage(fraction, 10))).toEqual([1, 1, 10, 1]);
    expect([0, 1, 11, -5].map((page) => percentageOfPage(page, 10))).toEqual([0.1, 0.1, 1, 0.1]);
    expect(pageOfPercentage(0.5, 0)).toBe(1);
  });
});

describe('comics', () => {
  it('have a page for each image, in natural order', async () => {
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
    expect(
      sortPages(['10.jpg', 'b2', 'B10', '2.jpg', 'a', '001.jpg', '1.jpg', 'b', '', '9z', 'é', 'z']),
    ).toEqual(['', '001.jpg', '1.jpg', '2.jpg', '9z', '10.jpg', 'a', 'b', 'b2', 'B10', 'z', 'é']);
  });

  it('without images have no pages that are known', async () => {
    expect(await count(makeEpub({ chapters: [] }))).toBe('unsupported');
    expect(await count(Buffer.from('Rar!\u001A\u0007\u0000'))).toBe('unsupported');
    expect(await count(Buffer.alloc(0))).toBe('unsupported');
  });

  it('in a tar archive', async () => {
    const files = [entry('1.jpg', 'x'.repeat(700)), entry('notes.txt', ''), entry('2.png', 'y'.repeat(512))];
    expect(await count(Buffer.concat([...files, Buffer.alloc(1024)]))).toBe(2);
  });
});

describe('PDF', () => {
  it('tells its number of pages', async () => {
    expect(await count(classic([catalogue, pages], '<</Size 3/Root 1 0 R>>'))).toBe(37);
    expect(await count(compressed())).toBe(12);
  });

  it('in an older section of the file', async () => {
    const first = classic([catalogue, pages], '<</Size 3/Root 1 0 R>>');
    const previous = first.lastIndexOf('xref\n0');
    const second = `xref\n0 0\ntrailer\n<</Size 3/Root 1 0 R/Prev ${previous}>>\nstartxref\n${first.length}\n%%EOF`;
    expect(await count(Buffer.concat([first, Buffer.from(second)]))).toBe(37);
  });

  it.each([
    ['cut off', classic([catalogue, pages], '<</Root 1 0 R>>').subarray(0, 150), 'truncated'],
    ['without a root', classic([catalogue, pages], '<</Size 3>>'), 'damaged'],
    ['whose root is missing', classic([catalogue, pages], '<</Root 9 0 R>>'), 'damaged'],
    ['whose count is a name', classic([catalogue, pages.replace('37', '/X')], '<</Root 1 0 R>>'), 'damaged'],
    [
      'whose count leads to itself',
      classic([catalogue, pages.replace('37', '2 0 R')], '<</Root 1 0 R>>'),
      'damaged',
    ],
    [
      'whose sections go in circles',
      Buffer.from('%PDF-\nxref\n0 0\ntrailer\n<</Prev 6>>\nstartxref\n6\n'),
      'damaged',
    ],
    ['of endless nesting', classic(['1 0 obj\n' + '['.repeat(9000)], '<</Root 1 0 R>>'), 'damaged'],
    ['with a start past its end', Buffer.from('%PDF-1.4\nstartxref\n99999\n'), 'damaged'],
    ['with a table of too many objects', Buffer.from('%PDF-\nxref\n0 9999999\nstartxref\n6\n'), 'too-large'],
    ['with its objects encrypted', compressed('/Encrypt 4 0 R'), 'encrypted'],
  ])('%s gives an error', async (_, content, code) => {
    expect(await count(content)).toBe(code);
  });
});

describe('DjVu', () => {
  it('has as many pages as page components', async () => {
    expect(await count(bundle(['DJVI', 'DJVU', 'DJVU', 'THUM', 'DJVU']))).toBe(3);
    expect(await count(Buffer.concat([Buffer.from('AT&T'), chunk('FORM', Buffer.from('DJVUINFO'))]))).toBe(1);
  });

  it('with its pages elsewhere, or none at all', async () => {
    expect(await count(bundle(['DJVU'], 0x01))).toBe('unsupported');
    expect(await count(bundle([]))).toBe('unsupported');
    expect(await count(bundle(['DJVU', 'DJVU']).subarray(0, 40))).toBe('truncated');
    expect(await count(Buffer.from('AT&TFORM'))).toBe('damaged');
  });
});
