import { readFileSync, writeFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { BookError } from '../../../server/positions/book-error.js';
import { createTranslator } from '../../../server/positions/translation/translator.js';
import { chapterPath, epubFiles, makeBookFolder, makeEpub, xhtml } from '../../support/epub.js';
import { chapterUnderTest, translated } from '../../support/one-chapter.js';
import { makeZip, type ZipFile } from '../../support/zip.js';

const folder = makeBookFolder();
afterAll(() => folder.remove());
const translator = createTranslator({ cacheBytes: 8 * 1024 * 1024 });
const POINTER = '/body/DocFragment[1]/body/p/text().0';
const TWO = { chapters: [{ content: xhtml('<p>one</p>') }, { content: xhtml('<p>two</p>') }] };

async function codeOf(content: Buffer, position = POINTER): Promise<unknown> {
  const path = folder.write(content);
  try {
    const translation = await translator.translateXpointer({ path }, position);
    return translation.state === 'translated' ? translation.xpointerConfidence : translation.reason;
  } catch (error) {
    if (error instanceof BookError) return error.code;
    throw error;
  }
}

/** The files of a good book with one of them changed. */
function withFile(name: string, change: Partial<ZipFile> | undefined): Buffer {
  return makeZip(
    epubFiles(TWO).flatMap((file) => {
      if (file.name !== name) return [file];
      return change === undefined ? [] : [{ ...file, ...change }];
    }),
  );
}

/** The archive with the flag of strong encryption on its first file. */
function stronglyEncrypted(archive: Buffer): Buffer {
  const flags = archive.indexOf(Buffer.from([0x50, 0x4b, 1, 2])) + 8;
  archive.writeUInt16LE(archive.readUInt16LE(flags) | 0x40, flags);
  return archive;
}

/** A META-INF/encryption.xml that lists the first chapter. */
function encryption(algorithm: string): string {
  return (
    `<encryption><enc:EncryptedData><enc:EncryptionMethod Algorithm="${algorithm}"/><enc:CipherData>` +
    `<enc:CipherReference URI="${chapterPath(1)}"/></enc:CipherData></enc:EncryptedData></encryption>`
  );
}

describe('files that are no readable EPUB', () => {
  it('that are not there, or no files', async () => {
    for (const path of ['/nowhere/at/all.epub', '/']) {
      await expect(translator.translateXpointer({ path }, POINTER)).rejects.toMatchObject({
        code: 'unreadable',
      });
    }
  });

  it('tells no path in its message', async () => {
    await expect(translator.translateXpointer({ path: '/nowhere/secret.epub' }, POINTER)).rejects.toThrow(
      /^(?!.*secret)/,
    );
  });

  it.each([
    ['an empty file', Buffer.alloc(0), 'not-a-zip'],
    ['a text', Buffer.from('no archive'), 'not-a-zip'],
    ['a cut archive', makeEpub(TWO).subarray(0, 400), 'truncated'],
    ['an archive with something behind it', Buffer.concat([makeEpub(TWO), Buffer.from('tail')]), 'damaged'],
    ['strong encryption', stronglyEncrypted(makeEpub(TWO)), 'encrypted'],
    ['another archive', makeZip([{ name: 'a.txt', content: 'a' }]), 'not-an-epub'],
    ['no container.xml', withFile('META-INF/container.xml', undefined), 'not-an-epub'],
    ['a container.xml of nothing', withFile('META-INF/container.xml', { content: 'x' }), 'not-an-epub'],
    ['no package document', withFile('OPS/book.opf', undefined), 'not-an-epub'],
    ['a package document of nothing', withFile('OPS/book.opf', { content: '<html/>' }), 'not-an-epub'],
    ['no spine', withFile('OPS/book.opf', { content: '<package><manifest/></package>' }), 'no-spine'],
    ['an empty spine', withFile('OPS/book.opf', { content: '<package><spine/></package>' }), 'no-spine'],
    ['an encrypted package document', withFile('OPS/book.opf', { isEncrypted: true }), 'encrypted'],
    ['an encrypted chapter', withFile(chapterPath(1), { isEncrypted: true }), 'encrypted'],
    ['a package document in another compression', withFile('OPS/book.opf', { method: 99 }), 'unsupported'],
    [
      'a package document that is a bomb',
      withFile('OPS/book.opf', { content: Buffer.alloc(4_000_000) }),
      'too-large',
    ],
    [
      'a package document that lies about its size',
      withFile('OPS/book.opf', { declaredBytes: 50 }),
      'damaged',
    ],
  ])('%s', async (_, content, code) => {
    expect(await codeOf(content)).toBe(code);
  });

  it('with rights management', async () => {
    const aes = encryption('http://www.w3.org/2001/04/xmlenc#aes128-cbc');
    expect(await codeOf(makeEpub({ ...TWO, encryption: aes }))).toBe('encrypted');
    const font = encryption('http://www.idpf.org/2008/embedding');
    expect(await codeOf(makeEpub({ ...TWO, encryption: font }))).toBe('exact');
  });

  it('that say to have more files than they have', async () => {
    const content = makeEpub(TWO);
    content.writeUInt16LE(60_000, content.length - 12);
    expect(await codeOf(content)).toBe('truncated');
  });
});

describe('chapters that cannot be read', () => {
  it.each([
    ['missing', withFile(chapterPath(1), undefined), 'chapter-missing'],
    ['a bomb', withFile(chapterPath(1), { content: Buffer.alloc(4_000_000, ' ') }), 'chapter-too-large'],
    [
      'too large',
      withFile(chapterPath(1), { content: Buffer.alloc(9_000_000, 'x'), isStored: true }),
      'chapter-too-large',
    ],
    ['of a wrong size', withFile(chapterPath(1), { declaredBytes: 5 }), 'chapter-damaged'],
    [
      'of a size that it does not reach',
      withFile(chapterPath(1), { declaredBytes: 9999 }),
      'chapter-damaged',
    ],
    ['of another compression', withFile(chapterPath(1), { method: 12 }), 'chapter-damaged'],
    [
      'without a body',
      withFile(chapterPath(1), { content: '<svg xmlns="http://www.w3.org/2000/svg"/>' }),
      'chapter-without-body',
    ],
    ['empty', withFile(chapterPath(1), { content: '' }), 'chapter-without-body'],
    [
      'nested too deeply',
      withFile(chapterPath(1), { content: xhtml('<b>'.repeat(100_000)) }),
      'chapter-too-large',
    ],
  ])('%s', async (_, content, problem) => {
    const path = folder.write(content);
    const position = translated(await translator.translateXpointer({ path }, POINTER));
    expect(position).toMatchObject({
      chapterProblem: problem,
      cfi: 'epubcfi(/6/2!/4)',
      cfiConfidence: 'fragment',
      xpointer: '/body/DocFragment[1].0',
      xpointerConfidence: 'fragment',
    });
    const other = translated(
      await translator.translateXpointer({ path }, '/body/DocFragment[2]/body/p/text().1'),
    );
    expect([other.textAfter, other.cfiConfidence]).toEqual(['wo', 'exact']);
  });
});

describe('positions that are not in the book', () => {
  const chapter = chapterUnderTest(folder, '<div><p>a paragraph</p><p>and<i>x</i>another</p></div>');
  const body = '/body/DocFragment[1]/body';

  it.each([
    [`${body}/div/p[2]/text()[2].100`, 'text()[2].7', 'clamped'],
    [`${body}/div/p[2]/text()[9].2`, 'text()[2].7', 'clamped'],
    [`${body}/div/p[2]/b/text().2`, 'div/p[2].0', 'element'],
    [`${body}/div/p[7]/text().2`, 'div.0', 'element'],
    [`${body}/section/p[7]/text().2`, '/body/DocFragment[1].0', 'fragment'],
    [`${body}/div/p.7`, 'p[1].1', 'clamped'],
  ])('%s is %s, %s', async (xpointer, end, confidence) => {
    const position = await chapter.forward(xpointer);
    expect([position.cfiConfidence, position.xpointerConfidence]).toEqual([confidence, confidence]);
    expect(position.xpointer.endsWith(end)).toBe(true);
    expect(await chapter.translator.isResolvable(chapter, xpointer)).toBe(false);
    expect(await chapter.translator.isResolvable(chapter, position.xpointer)).toBe(true);
  });

  it.each([
    ['/body/DocFragment[77]/body/p', 'outside-the-book'],
    ['12', 'other-format'],
    ['/FictionBook/body/p/text().0', 'other-format'],
    ['what', 'unknown-form'],
  ])('%s is not translated, or by the fraction of the book', async (position, reason) => {
    expect(await chapter.translator.translateXpointer(chapter, position)).toEqual({
      state: 'untranslatable',
      reason,
    });
    const byFraction = translated(
      await chapter.translator.translateXpointer(chapter, position, { percentage: 0.3 }),
    );
    expect([byFraction.cfiConfidence, byFraction.xpointerConfidence]).toEqual(['percentage', 'percentage']);
    expect(Math.abs(byFraction.percentage - 0.3)).toBeLessThan(0.05);
  });
});

describe('malformed markup', () => {
  it.each([
    ['<p>one<p>two<br>three', 'hree'],
    ['<p>one & two</p><p>three</p>', 'hree'],
    ['<ul><li>one<li>two</ul><p>three', 'hree'],
    ['<b><p>one</b>two</p><p>three', 'hree'],
    ['<table><p>one</p><tr><td>two</table>three', 'hree'],
    ['<p class=a>one</p><input name=x><p>three', 'hree'],
    ['<p a="1" a="2">one</p><p>three<', 'hree'],
    ['<p>three</p></div></p>', 'hree'],
    ['<pre>\n\nthree</pre>&bogus;', 'hree'],
    ['<epub2:p>three</epub2:p>', 'hree'],
  ])('%j: where the browser sees a text, KOReader finds it', async (markup, text) => {
    const chapter = chapterUnderTest(folder, markup);
    const start = await chapter.translator.translateLocator(chapter, {
      href: chapterPath(1),
      text: { before: 't', highlight: text },
    });
    const located = translated(start);
    expect(located.chapterProblem).toBeUndefined();
    const back = await chapter.back(located.cfi);
    expect(back.textAfter.startsWith(text.slice(0, 3))).toBe(true);
    expect(back.xpointer).toBe(located.xpointer);
    const isSure = back.xpointerConfidence === 'exact' || back.xpointerConfidence === 'clamped';
    if (isSure) {
      expect(await chapter.translator.isResolvable(chapter, back.xpointer)).toBe(true);
      expect((await chapter.forward(back.xpointer)).textAfter).toBe(back.textAfter);
    }
  });
});

it('is sure of what follows a reference that is none', async () => {
  const chapter = chapterUnderTest(folder, '<p>x</p><p>one &nbsp two</p><p>AT& T</p><p>&bogus; z</p>');
  expect((await chapter.back('epubcfi(/6/2!/4/4/1:1)')).xpointerConfidence).toBe('exact');
  const behind = await chapter.back('epubcfi(/6/2!/4/4/1:7)');
  // crengine takes the space as the end of the reference. The browser keeps it.
  const w = '/body/DocFragment[1]/body/p[2]/text().6';
  expect([behind.xpointer, behind.xpointerConfidence, behind.textAfter]).toEqual([
    w,
    'exact',
    'wo ATT &bogus; z',
  ]);
  // crengine drops the `&` and the space. The browser keeps both.
  const t = await chapter.back('epubcfi(/6/2!/4/6/1:4)');
  expect([t.xpointer, t.textAfter]).toEqual(['/body/DocFragment[1]/body/p[3]/text().2', 'T &bogus; z']);
  // Both crengine and the browser leave an unknown name as it is written.
  expect((await chapter.back('epubcfi(/6/2!/4/8/1:8)')).xpointer).toBe(
    '/body/DocFragment[1]/body/p[4]/text().8',
  );
});

describe('fuzzed books', () => {
  const good = makeEpub({
    chapters: [
      { content: xhtml('<div>\n<p>one <b>two</b> &amp; three</p><table><tr><td>x</td></tr></table></div>') },
      { content: xhtml('<p>more</p>') },
    ],
    navigation: xhtml('<nav epub:type="toc"><ol><li><a href="text/1.xhtml">One</a></li></ol></nav>'),
  });

  it('give a position or one of the known errors', async () => {
    const flips = fc.array(fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(flips, async (changes) => {
        const content = Buffer.from(good);
        for (const [at, byte] of changes) content[at] = byte;
        expect(typeof (await codeOf(content, '/body/DocFragment[1]/body/div/p/text()[2].2'))).toBe('string');
      }),
      { numRuns: 400 },
    );
  });

  it('whose chapter is any text', async () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '<p>',
        '</p>',
        '<',
        '>',
        '&',
        '&amp;',
        '<!--',
        '-->',
        '<![CDATA[',
        ']]>',
        '<?x',
        '?>',
        '</',
        '/>',
      ),
      fc.constantFrom(
        '<table>',
        '<tr>',
        '<td>',
        '<svg>',
        '<pre>\n',
        '<script>',
        '<style>',
        '<body>',
        '</body>',
        '<b>',
        '</b>',
      ),
      fc.string({ maxLength: 6, unit: 'binary' }),
      fc.constantFrom(
        'text',
        ' ',
        '\r\n',
        '\t',
        '<p a=">',
        "'",
        '"',
        '&#x1F600;',
        '&nbsp;',
        '\u0000',
        '<!DOCTYPE x [',
        '\uD800',
      ),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 30 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (pieces, at) => {
          const chapter = chapterUnderTest(folder, pieces.join(''), 1, translator);
          const start = translated(
            await translator.translateLocator(chapter, {
              href: chapterPath(1),
              locations: { progression: at },
            }),
          );
          for (const cfi of [start.cfi, 'epubcfi(/6/2!/4/2/1:1)', 'epubcfi(/6/2!/4/1:2)']) {
            const position = await chapter.back(cfi);
            const isChapter = position.xpointer === '/body/DocFragment[1].0';
            if (isChapter || position.xpointerConfidence === 'element') continue;
            // A pointer with a better confidence resolves.
            expect(await translator.isResolvable(chapter, position.xpointer)).toBe(true);
          }
        },
      ),
      { numRuns: 400 },
    );
  });
});

it('keeps to a path in bytes that are no UTF-8', async () => {
  const path = Buffer.concat([
    Buffer.from(folder.write(makeEpub(TWO)).replace(/\.epub$/, '')),
    Buffer.from([0xff, 0xfe]),
  ]);
  writeFileSync(path, readFileSync(folder.write(makeEpub(TWO))));
  expect(translated(await translator.translateXpointer({ path }, POINTER)).textAfter).toBe('one');
});
