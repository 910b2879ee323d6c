import { afterAll, describe, expect, it } from 'vitest';
import { createTranslator } from '../../../server/positions/translation/translator.js';
import { type EpubOptions, makeBookFolder, makeEpub, xhtml } from '../../support/epub.js';
import { translated } from '../../support/one-chapter.js';

const folder = makeBookFolder();
afterAll(() => folder.remove());

/** The text at an x-pointer, or why only its chapter is known. */
async function textAt(options: EpubOptions, xpointer: string): Promise<string | undefined> {
  const path = folder.write(makeEpub(options));
  const translator = createTranslator({ cacheBytes: 1024 * 1024 });
  const there = translated(await translator.translateXpointer({ path }, `/body/DocFragment${xpointer}`));
  if (there.xpointerConfidence === 'exact') return there.textAfter;
  return there.chapterProblem ?? there.xpointerConfidence;
}

const first = { content: xhtml('<p>first</p>') };
const second = { content: xhtml('<p>second</p>') };
/** A manifest before the one that `makeEpub` writes: its items are not those of the spine. */
const manifest = (items: string): string => `<manifest>${items}</manifest>`;

describe('items of the manifest', () => {
  it('are found with spaces around their ids', async () => {
    const epub = {
      chapters: [{ isDangling: true }, second],
      beforeSpine: manifest('<item id=" c1 " href="x"/>'),
    };
    expect(await textAt(epub, '[2]/body/p/text().0')).toBe('second');
    const lineEnd = { ...epub, beforeSpine: manifest('<item id="\nc1" href="x"/>') };
    expect(await textAt(lineEnd, '/body/p/text().0')).toBe('second');
  });

  it('are found by the first of two with one id', async () => {
    const twice = manifest('<item id="c1" href="text/2.xhtml"/><item id="c1" href="text/1.xhtml"/>');
    const chapters = [{ ...first, isDangling: true }, second];
    expect(await textAt({ chapters, beforeSpine: twice }, '[1]/body/p/text().0')).toBe('second');
  });

  it('are missing if their href has a fragment', async () => {
    const withHash = manifest('<item id="c1" href="text/1.xhtml#a" media-type="application/xhtml+xml"/>');
    const book = { chapters: [{ ...first, isDangling: true }, second], beforeSpine: withHash };
    expect(await textAt(book, '[1]/body/p/text().0')).toBe('chapter-missing');
    expect(await textAt(book, '[2]/body/p/text().0')).toBe('second');
  });
});

describe('a file of the spine', () => {
  const html = '<html><head/><body><p>text</p></body></html>';
  it.each([
    ['is shown', html, 'text'],
    ['is shown in capitals', '<HTML><BODY><P>text</P></BODY></HTML>', 'text'],
    ['is shown by its document type', '<!DOCTYPE html><x:html><body><p>text</p></body></x:html>', 'text'],
    ['is shown by chance', '<x:html><body><p>text</p><ul/></body></x:html>', 'text'],
    [
      'is an error with prefixes',
      '<x:html><x:head/><x:body><x:p>text</x:p></x:body></x:html>',
      'chapter-without-body',
    ],
    ['is an error without a body', '<html><head/><p>text</p> and some more</html>', 'chapter-without-body'],
    ['is an error with 30 bytes', '<html><body><p>text</p></body>', 'chapter-without-body'],
    [
      'is an error if it begins late',
      `${' '.repeat(2048)}${html.replace('<p>', '<p >')}`,
      'chapter-without-body',
    ],
    ['is an error in UTF-16 without a mark', Buffer.from(html, 'utf16le'), 'chapter-without-body'],
    ['is shown in UTF-16 with a mark', Buffer.from(`\uFEFF${html}`, 'utf16le'), 'text'],
  ])('%s', async (_, content, expected) => {
    expect(await textAt({ chapters: [{ content }] }, '/body/p/text().0')).toBe(expected);
  });
});

describe('the page that KOReader shows instead of a file', () => {
  const missing = (item: string): EpubOptions => ({
    chapters: [{ isDangling: true }, second],
    beforeSpine: manifest(`<item id="c1" ${item}/>`),
  });

  it.each([
    ['href="a.xhtml" media-type="b/c"', '37', "a.xhtml' (b/c, c1)."],
    ['href="a%20%C3%A9.xhtml"', '37', "a é.xhtml' (, c1)."],
    ['href="a&amp;amp;b&lt;i&gt;" media-type="b/c"', '37', "a&b' (b/c, c1)."],
  ])('has text: %s', async (item, point, text) => {
    const path = folder.write(makeEpub(missing(item)));
    const translator = createTranslator({ cacheBytes: 1024 * 1024 });
    const pointer = `/body/DocFragment[1]/body/pre/text().${point}`;
    const there = translated(await translator.translateXpointer({ path }, pointer));
    expect(there).toMatchObject({
      textAfter: text,
      cfiConfidence: 'exact',
      xpointer: pointer,
      chapterProblem: 'chapter-missing',
    });
    const back = translated(await translator.translateCfi({ path }, there.cfi));
    expect([back.xpointer, back.xpointerConfidence]).toEqual([pointer, 'exact']);
  });

  it('ends where its text ends', async () => {
    const path = folder.write(makeEpub({ chapters: [{ content: 'plain' }, second] }));
    const translator = createTranslator({ cacheBytes: 1024 * 1024 });
    const text = "Failed handling EPUB spine item 'OPS/text/1.xhtml' (application/xhtml+xml, c1).";
    const end = (point: number): string => `/body/DocFragment[1]/body/pre/text().${point}`;
    expect(await translator.isResolvable({ path }, end(text.length))).toBe(true);
    expect(await translator.isResolvable({ path }, end(text.length + 1))).toBe(false);
  });

  it('is not known where crengine may write another path, or shows a drawing', async () => {
    const pointer = '[1]/body/pre/text().0';
    expect(await textAt(missing('href="a//b.xhtml"'), pointer)).toBe('chapter-missing');
    const drawing = { content: '<svg xmlns="http://www.w3.org/2000/svg"><text>a</text></svg>' };
    expect(await textAt({ chapters: [drawing, second] }, pointer)).toBe('chapter-without-body');
  });

  it('is one fragment, however many bodies its file has', async () => {
    const content = '<x:html><x:head/><body>a</body><body>b</body></x:html>';
    expect(await textAt({ chapters: [{ content }, second] }, '[2]/body/p/text().0')).toBe('second');
  });
});

const LINK = '<link rel="stylesheet" href="../s.css"/>';

describe('a file with several bodies', () => {
  const two = '<html><head/><body><p id="a">one</p></body><body><p id="a">two</p><p>three</p></body></html>';
  const options = { chapters: [{ content: two }, second] };

  it.each([
    ['[1]/body/p/text().0', 'one'],
    ['[2]/body/p[1]/text().0', 'two three'],
    ['[2]/body/p[2]/text().0', 'three'],
    ['[2].0', 'two three'],
    ['[3]/body/p/text().0', 'second'],
  ])('is several fragments: %s is %s', async (xpointer, text) => {
    expect(await textAt(options, xpointer)).toBe(text);
  });

  it('has one number in links, and its last body is searched first', async () => {
    const path = folder.write(makeEpub(options));
    const translator = createTranslator({ cacheBytes: 1024 * 1024 });
    const link = translated(await translator.translateXpointer({ path }, '#_doc_fragment_0_ a'));
    expect(link.xpointer).toBe('/body/DocFragment[2]/body/p[1].0');
    const next = translated(await translator.translateXpointer({ path }, '#_doc_fragment_1'));
    expect(next.xpointer).toBe('/body/DocFragment[3].0');
  });

  it('has the x-pointers of the body in which a place is', async () => {
    const path = folder.write(makeEpub(options));
    const translator = createTranslator({ cacheBytes: 1024 * 1024 });
    const there = translated(
      await translator.translateXpointer({ path }, '/body/DocFragment[2]/body/p[2]/text().1'),
    );
    const back = translated(await translator.translateCfi({ path }, there.cfi));
    expect([back.xpointer, back.xpointerConfidence]).toEqual([
      '/body/DocFragment[2]/body/p[2]/text().1',
      'exact',
    ]);
  });

  it.each([
    ['a sheet of the first body does not count', LINK, '', false],
    ['a sheet between them counts', '', LINK, true],
    ['a style element counts for all bodies after it', '<style>p{white-space:pre}</style>', '', true],
    ['what is in a body does not count', '', '', false],
  ])('has styles for each body: %s', async (_, head, between, isStyled) => {
    const inBody = `<div>${LINK}</div>`;
    const content = `<html><head>${head}</head><body>${inBody}</body>${between}<body><p>a\n b</p></body></html>`;
    const files = [{ name: 'OPS/s.css', content: 'p{white-space:pre}/* the end */' }];
    // With the style sheet the text has a newline and a space, without it one space.
    const path = folder.write(makeEpub({ chapters: [{ content }], files }));
    const translator = createTranslator({ cacheBytes: 1024 * 1024 });
    const end = (point: number) =>
      translator.isResolvable({ path }, `/body/DocFragment[2]/body/p/text().${point}`);
    expect([await end(3), await end(4)]).toEqual([true, isStyled]);
  });

  it('is one fragment where the other body is a comment or inside of the first', async () => {
    const content = '<html><head/><body><!-- <body> --><p>one</p><div><body>two</body></div></body></html>';
    expect(await textAt({ chapters: [{ content }, second] }, '[2]/body/p/text().0')).toBe('second');
  });
});
