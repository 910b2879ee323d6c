import { afterAll, describe, expect, it } from 'vitest';
import { BookError } from '../../../server/positions/book-error.js';
import { countPages, pageOfPercentage } from '../../../server/positions/pages/page-count.js';
import { makeBookFolder, makeEpub } from '../../support/epub.js';
import { makeNewRar, makeOldRar, rarEncryption, type RarFile } from '../../support/rar.js';
import { makeZip } from '../../support/zip.js';

const folder = makeBookFolder();
afterAll(() => folder.remove());

/** Three pages, one without content, a folder `x.jpg` and a text, as 7-Zip 26.02 packs them. */
const SEVEN_ZIP = {
  compressed:
    'N3q8ryccAAQ6DCaThwAAAAAAAAAhAAAAAAAAAKcPqhQBAAkwMQowMgoxMAoKAAAAgTMHrg/Ox1yBCSqu06qFJigV5+7iDt/lLJzgp4wzuJ1chzsvDtWCcZwbGLC2G62b9EXc/Y8JJjYPT5jW4eTpFdSoPB7Chx/hJhwQLec6i88mIb5RH0Ss+v6MBEa5taUNDhoXQbN2gr8w61oj7qCkp7D1ghJRIAAXBg4BCXkABwsBAAEjAwEBBV0AEAAADICyCgG/rfqiAAA=',
  plain:
    'N3q8ryccAASdTMLMDgAAAAAAAACyAAAAAAAAAL+t+qIBAAkwMQowMgoxMAoKAAEEBgABCQ4ABwsBAAEhIQEADAoACA0ECQMDAwoBLtKi/e2Bj9ZYiXvlkwbXMgAABQYOAcAPAUAZBAAAAAARVQB4AC4AagBwAGcAAAAwAC4AcABuAGcAAAAwADEALgBqAHAAZwAAADAAMgAuAGoAcABnAAAAMQAwAC4AagBwAGcAAABuAG8AdABlAC4AdAB4AHQAAAAVGgEAEIDtQSCApIEggKSBIICkgSCApIEggKSBAAA=',
  encrypted:
    'N3q8ryccAATE4J/tsAAAAAAAAAA+AAAAAAAAAOfphgjjdnThrxCHwW3clQUtlp7pQcqhcNz74w+QDZLfw923+IM1CO523z6VLYfzLbqsxbqHUAPCFxEAD5uMp6wJErQXYaLluRVXNN+EpmW1h94CFi8gN1j/t+bqLs+MpzaoLvm2PBdmwVzcRiudWCZxLqcZK149yf6KPP6y9er+pL2jKzYpDpEMQCpaS9/8vQOYGmWNbAzBHVbPQWCNsd6w9kDZLGiF8Orhk6wari9mVFn2LhcGEAEJgKAABwsBAAIkBvEHARJTDxkjQHmno7mvCVQUJK4ycb0jAwEBBV0AEAAAAQAMgJWA0goBToiG8wAA',
} as const;

/** The start of a header of 7-Zip with two packs, each of one stored stream without content. */
const PACKS = [1, 4, 7, 0x0b, 2, 0, 1, 1, 0, 1, 1, 0, 0x0c, 0, 0];

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

  it.each(['%PDF-1.4\n', 'AT&TFORM\0\0\0\fDJVU'])('are not counted in %j', async (head) => {
    expect(await count(Buffer.from(head))).toBeUndefined();
  });

  it('that are cut off give an error', async () => {
    expect(await count(makeZip([{ name: '1.jpg', content: 'x' }]).subarray(0, 40))).toBe('truncated');
  });

  it('in a tar archive', async () => {
    const files = [entry('1.jpg', 'x'.repeat(700)), entry('notes.txt', ''), entry('2.png', 'y'.repeat(512))];
    expect(await count(Buffer.concat([...files, Buffer.alloc(1024)]))).toBe(2);
  });

  const files: readonly RarFile[] = [
    { name: 'a/', content: '' },
    { name: 'a/1.jpg', content: 'x'.repeat(700) },
    { name: 'notes.txt', content: 'n' },
    { name: `${'long'.repeat(200)}.png`, content: '' },
    { name: 'a.gif/', content: '' },
    { name: 'half.png', content: 'y', isContinued: true },
    { name: 'Ж.WEBP', content: 'z' },
  ];

  it.each([
    ['4', makeOldRar(files)],
    ['5', makeNewRar(files)],
  ])('in a RAR archive of version %s', async (_, archive) => {
    expect(await count(archive)).toBe(3);
    expect(['truncated', 'damaged']).toContain(await count(archive.subarray(0, -20)));
    expect(await count(archive.subarray(0, 600))).toBe('truncated');
  });

  it.each([
    ['4', makeOldRar(files, 0x80)],
    ['5', makeNewRar(files, [rarEncryption()])],
  ])('in a RAR archive of version %s with encrypted names give an error', async (_, archive) => {
    expect(await count(archive)).toBe('encrypted');
  });

  it.each([
    ['4', makeOldRar(files)],
    ['5', makeNewRar(files)],
  ])('in a broken RAR archive of version %s give a number or an error', async (_, archive) => {
    for (let at = 7; at < archive.length; at += 3) {
      if (at > 120 && at < 780) continue;
      for (const byte of [0, 0xff]) {
        const broken = Buffer.from(archive);
        broken[at] = byte;
        expect(['number', 'string', 'undefined']).toContain(typeof (await count(broken)));
      }
    }
  });

  it.each([
    ['compressed', 4],
    ['plain', 4],
    ['encrypted', 'encrypted'],
  ] as const)('in a 7-Zip archive whose names are %s', async (form, expected) => {
    const archive = Buffer.from(SEVEN_ZIP[form], 'base64');
    expect(await count(archive)).toBe(expected);
    expect(await count(archive.subarray(0, -1))).toBe('truncated');
  });

  it.each(['compressed', 'plain'] as const)(
    'in a broken 7-Zip archive whose names are %s give a number or an error',
    async (form) => {
      const archive = Buffer.from(SEVEN_ZIP[form], 'base64');
      for (let at = 6; at < archive.length; at += 1) {
        for (const byte of [0, 1, 0x7f, 0xff]) {
          const broken = Buffer.from(archive);
          broken[at] = byte;
          expect(['number', 'string', 'undefined']).toContain(typeof (await count(broken)));
        }
      }
    },
  );

  it.each([
    // Two packs without checksums, each of 65,535 files, of which the checksums would follow.
    ['too-large', [...PACKS, 0, 8, 0x0d, 0xc0, 0xff, 0xff, 0xc0, 0xff, 0xff, 0x0a, 1]],
    // Stored in itself, again and again.
    ['unsupported', [0x17, 6, 0, 1, 9, 20, 0, 7, 0x0b, 1, 0, 1, 1, 0, 0x0c, 20, 0, 0, 0, 0]],
    // Each checksum has to be looked for in all packs.
    ['damaged', [...PACKS, 0x0a, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0x0a, 1, 0x0a, 1, 0, 0]],
    // Each list of empty files has to be counted in all files.
    ['damaged', [1, 5, 1, ...Array.from({ length: 100 }, () => [0x0f, 0]).flat(), 0, 0]],
    [undefined, [1, 5, 1, ...Array.from({ length: 10 }, () => [0x0f, 0]).flat(), 0, 0]],
  ])('in a 7-Zip archive with things that are said again and again give %s', async (expected, header) => {
    expect(await count(sevenZip(Buffer.from(header)))).toBe(expected);
  });

  it.each([
    ['4', makeOldRar],
    ['5', makeNewRar],
  ])('in a RAR archive of version %s with endless names give an error', async (_, make) => {
    const name = `${'x'.repeat(60_000)}.jpg`;
    expect(await count(make(Array.from({ length: 10 }, () => ({ name, content: '' }))))).toBe(10);
    expect(await count(make(Array.from({ length: 200 }, () => ({ name, content: '' }))))).toBe('too-large');
  });
});

/** A 7-Zip archive without content, and with a header that is not compressed. */
function sevenZip(header: Buffer): Buffer {
  const start = Buffer.alloc(32);
  start.write('7z\u00BC\u00AF\u0027\u001C', 'latin1');
  start.writeBigUInt64LE(BigInt(header.length), 20);
  return Buffer.concat([start, header]);
}
