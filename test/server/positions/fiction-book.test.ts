import { afterAll, describe, expect, it } from 'vitest';
import { makeBookFolder } from '../../support/epub.js';
import { placesInDocument } from '../../support/places-in-document.js';
import { makeZip } from '../../support/zip.js';

const folder = makeBookFolder();
afterAll(() => folder.remove());
const { back, itFinds, translate, translation } = placesInDocument(folder, 'fiction-book');

/** A FictionBook with this in its first body. */
function book(body: string, rest = '', head = ''): string {
  return (
    '<?xml version="1.0" encoding="utf-8"?>\n' +
    '<FictionBook xmlns="http://www.gribuser.ru/xml/fictionbook/2.0" xmlns:l="http://www.w3.org/1999/xlink">\n' +
    `${head}<description>\n<title-info><book-title>t</book-title><annotation><p>about</p></annotation></title-info>\n` +
    `</description>\n<body>\n${body}\n</body>${rest}\n<binary id="c.jpg">AAAA</binary>\n</FictionBook>`
  );
}

const NOTES = '<body name="notes"><section id="n1"><title><p>1</p></title>\n<p>note</p></section></body>';

describe('a place in a FictionBook', () => {
  itFinds([
    [
      'a paragraph',
      book('<section>\n<p>a</p>\n<p>b  c</p>\n</section>'),
      '/FictionBook/body/section/p[2]/text().2',
      'c',
    ],
    [
      'one of several bodies',
      book('<section><p>a</p></section>', NOTES),
      '/FictionBook/body[2]/section/p/text().0',
      'note',
    ],
    [
      'the title of a note',
      book('<section><p>a</p></section>', NOTES),
      '/FictionBook/body[2]/section/title/p/text().0',
      '1 note',
    ],
    [
      'the description',
      book('<section><p>a</p></section>'),
      '/FictionBook/description/title-info/annotation/p/text().0',
      'about',
    ],
    [
      'a name in upper case is another one',
      book('<section><p>a</p><P>b</P><p>c</p></section>'),
      '/FictionBook/body/section/p[2]/text().0',
      'c',
    ],
    [
      'white space in code is kept',
      book('<p>a <code>  b  c</code></p>'),
      '/FictionBook/body/p/code/text().5',
      'c',
    ],
    [
      'white space between blocks of a cite is dropped',
      book('<cite> <p>a</p> <emphasis>b</emphasis> c<p>d</p></cite>'),
      '/FictionBook/body/cite/text().1',
      'c',
    ],
    [
      'the mark of a note has something before it',
      book('<p>a<a l:href="#n1" type="note"> <sup>1</sup> b</a></p>'),
      '/FictionBook/body/p/a/text()[2].1',
      'b',
    ],
    [
      'a picture in a paragraph is inline, and one beside it a block',
      book('<section><p>a <image l:href="#c.jpg"/> b</p> <image l:href="#c.jpg"/> c <p>d</p></section>'),
      '/FictionBook/body/section/p[1]/text()[2].1',
      'b c d',
    ],
    ['a q has no quotation marks', book('<pre><q>\n a</q></pre>'), '/FictionBook/body/pre/q/text().2', 'a'],
    [
      'its style sheet counts',
      book(
        '<section><p><emphasis>a</emphasis> <emphasis>b</emphasis> c</p></section>',
        '',
        '<stylesheet type="text/css">emphasis{display:block; color: red}</stylesheet>',
      ),
      '/FictionBook/body/section/p/text().1',
      'c',
    ],
  ]);

  it('is found in an archive, and in another encoding', async () => {
    const text = book('<p>a</p>')
      .replace('utf-8', 'windows-1251')
      .replace('<p>a</p>', '<p>\u00FF\u00FE b</p>');
    const archive = makeZip([
      { name: 'read.me', content: 'x' },
      { name: 'b.fb2', content: Buffer.from(text, 'latin1') },
    ]);
    const there = await translate(archive, '/FictionBook/body/p/text().0');
    expect([there.textAfter, there.cfiConfidence]).toEqual(['яю b', 'exact']);
  });

  it('has no CFI, but a chapter, a fraction, a path and an element', async () => {
    const section = (title: string) =>
      `<section><title><p>${title}</p></title><p>text ${title}</p></section>`;
    const there = await translate(
      book(`<section><title><p>I</p></title>${section('A')}${section('B')}</section>`),
      '/FictionBook/body/section/section[2]/p/text().5',
    );
    expect(there).toMatchObject({
      cfi: undefined,
      chapterTitle: 'B',
      locator: { type: 'application/x-fictionbook+xml', locations: { partialCfi: '/4/2/6/4/1:5' } },
      textAfter: 'B',
    });
    expect(there.percentage).toBeGreaterThan(0.9);
  });

  it('is found by the id of a link, by a text and by a fraction', async () => {
    const document = book('<section><p>some words</p></section>', NOTES);
    const link = await translate(document, '#n1');
    const quote = await back(document, { text: { highlight: 'words' } });
    const fraction = await translation(document, 'nothing', 1);
    expect([link.xpointer, quote.xpointer]).toEqual([
      '/FictionBook/body[2]/section.0',
      '/FictionBook/body[1]/section/p/text().5',
    ]);
    expect(fraction).toMatchObject({
      xpointer: '/FictionBook/body[2]/section/p/text().4',
      xpointerConfidence: 'percentage',
    });
  });

  it('is not certain where the title of a note may run into its text', async () => {
    const note =
      '<body name="notes"><section id="n1"><title><p>1</p></title> <emphasis>a</emphasis> <p>b</p> c</section></body>';
    const there = await translate(book('<p>a</p>', note), '/FictionBook/body[2]/section/text().1');
    expect(there.cfiConfidence).not.toBe('exact');
  });
});

describe('what is no place in a FictionBook', () => {
  const document = book('<p>a</p>');

  it.each([
    ['a position in an EPUB', '/body/DocFragment[1]/body/p/text().0', 'other-format'],
    ['one in a HTML file', '/html/body/p/text().0', 'other-format'],
    ['a CFI', 'epubcfi(/6/2!/4/2/1:0)', 'other-format'],
    ['a page', '7', 'other-format'],
    ['something else', 'x', 'unknown-form'],
  ])('%s', async (_, place, reason) => {
    expect(await translation(document, place)).toEqual({ state: 'untranslatable', reason });
  });

  it.each([
    ['one past the end of a text', '/FictionBook/body/p/text().2', 'clamped'],
    ['a paragraph that is not there', '/FictionBook/body/p[9]/text().0', 'element'],
    ['nothing but the root', '/FictionBook/x/y.0', 'fragment'],
  ])('%s', async (_, place, confidence) => {
    expect((await translate(document, place)).cfiConfidence).toBe(confidence);
  });

  it('a place in a file that is another document, or none', async () => {
    const html = '<html><head><title>t</title></head><body><p>some text of a page</p></body></html>';
    expect((await translate(html, '/FictionBook/body/p/text().0')).chapterProblem).toBe(
      'chapter-without-body',
    );
    await expect(
      translate(makeZip([{ name: 'a.jpg', content: 'x' }]), '/FictionBook.0'),
    ).rejects.toMatchObject({
      code: 'not-a-document',
    });
    await expect(
      translate(makeZip([{ name: 'a.html', content: html }]), '/FictionBook.0'),
    ).rejects.toMatchObject({
      code: 'not-a-document',
    });
  });
});

describe('the pictures of a large FictionBook', () => {
  it('are left out', async () => {
    const picture = `<binary id="p">${'AAAA'.repeat(3 * 1024 * 1024)}</binary>`;
    const document = book('<p>a</p><p>b</p>').replace('</FictionBook>', `${picture}</FictionBook>`);
    const there = await translate(document, '/FictionBook/body/p[2]/text().0');
    expect([there.textAfter, there.cfiConfidence]).toEqual(['b', 'exact']);
  });

  it('are read where a style has no end, so that they belong to its text', async () => {
    const document = book(`<p>a</p><p><style>b</p>${' '.repeat(1024 * 1024)}<p>c</p>`);
    expect((await translate(document, '/FictionBook/body/p[2]/style/text()[9].0')).cfiConfidence).not.toBe(
      'refused',
    );
    expect((await translate(document, '/FictionBook/body/p[1]/text().0')).textAfter.slice(0, 6)).toBe(
      'a b</p',
    );
  });
});
