import { afterAll, describe, expect, it } from 'vitest';
import { createTranslator } from '../../../server/positions/translation/translator.js';
import { makeBookFolder, makeEpub } from '../../support/epub.js';
import { translated } from '../../support/one-chapter.js';

const folder = makeBookFolder();
afterAll(() => folder.remove());

/** Where the text after an x-pointer begins in the only chapter of a book, or undefined if Dogear is not sure of it. */
async function textAt(content: string | Buffer, xpointer: string): Promise<string | undefined> {
  const path = folder.write(makeEpub({ chapters: [{ content }] }));
  const translator = createTranslator({ cacheBytes: 0 });
  const there = translated(await translator.translateXpointer({ path }, `/body/DocFragment/body${xpointer}`));
  return there.xpointerConfidence === 'exact' ? there.textAfter : undefined;
}

const page = (body: string): string => `<html><head><title>t</title></head><body>${body}</body></html>`;

describe('markup that XML does not allow', () => {
  it.each([
    ['an end tag with a tab stays open', '<p>a<b>b</b\t>c</p><p>d</p>', '/p[1]/b/text()[2].0', 'c d'],
    ['an end tag with a line feed closes', '<p>a<b>b</b\n>c</p>', '/p/text()[2].0', 'c'],
    ['an end tag with a space before its name is none', '<p>a</ p>b</p>', '/p/text()[2].0', 'b'],
    ['a tag with a tab after its name is skipped', '<p>a<b\tid="x">b</p>', '/p/text()[2].0', 'b'],
    ['a tag with two colons is skipped', '<p>a</p><p::p>b</p::p><p>c</p>', '/text()[1].0', 'b c'],
    ['a tag with nothing after its prefix is skipped', '<p>a</p><p:>b<p>c</p>', '/text().0', 'b c'],
    ['a space may stand before the name of a tag', '<p>a < b>c</p>', '/p/b/text().0', 'c'],
    ['a tag that begins with a digit is skipped', '<p>1<2</p><p>c</p>', '/p/p/text().0', 'c'],
    [
      'what is no attribute skips to the next tag, and the first character of that',
      '<p>a</p><p 1a="x">b</p><p>c</p>',
      '/p[2]/p/p/text().0',
      'c',
    ],
    ['a > ends a tag in a quoted value', '<p title="a > b">c</p>', '/p/text().4', 'c'],
    [
      'an end tag of an element around the body is ignored',
      '<p>a</html>b</p><p>c</p>',
      '/p[1]/text()[2].0',
      'b c',
    ],
    ['a nested body ends everything', '<div><body>a</body>b</div>', '/div/body/text().0', 'a'],
    ['what is after it is dropped', '<div><body>a</body>b</div><p>c</p>', '/div/text().0', undefined],
    ['white space at the end of the file is dropped', '<p>a</p><b>b</b> \n', '/text().0', undefined],
  ])('%s', async (_, body, xpointer, text) => {
    const content = body.endsWith('\n') ? page(body).replace('</body></html>', '') : page(body);
    expect(await textAt(content, xpointer)).toBe(text);
  });

  it('has the attributes up to a > in a value', async () => {
    const body = page('<div>t <b class="f > g">c</b> <i>d</i> e</div>');
    const styled = body.replace('<title>', '<style>.f { display: block }</style><title>');
    expect(await textAt(styled, '/div/text()[2].1')).toBe('e');
  });

  it('has the last of several attributes with one name', async () => {
    const styleOf = (classes: string): string =>
      page(`<div>t <b ${classes}>c</b> <i>d</i> e</div>`).replace(
        '<title>',
        '<style>.f { display: block }</style><title>',
      );
    expect(await textAt(styleOf('class="g" class="f"'), '/div/text()[2].1')).toBe('e');
    expect(await textAt(styleOf('class="f" class="g"'), '/div/text()[3].1')).toBe('e');
  });

  it('may have text before the root', async () => {
    expect(await textAt(`\n junk\n${page('<p>a</p><p>b</p>')}`, '/p[2]/text().0')).toBe('b');
  });

  it('may have a document type with declarations', async () => {
    const doctype = '<!DOCTYPE html [<!ENTITY x "y"> <!ENTITY z "w">]>';
    expect(await textAt(`${doctype}\n${page('<p>a<br>b</p>')}`, '/p/br/text().0')).toBe('b');
  });
});

describe('a text of 8192 characters', () => {
  it.each([
    ['is whole without a space', 'x'.repeat(8192), '/p/text().8191', 'x'],
    ['is cut after its last space', `${'x'.repeat(8000)} ${'y'.repeat(191)}`, '/p/text()[2].190', 'y'],
    ['is whole with a space at its end', `${'x'.repeat(8191)} `, '/p/text().8190', 'x'],
    ['and one more character is cut', 'x'.repeat(8193), '/p/text()[2].0', 'x'],
    [
      'is cut after a CR before an LF that is not among them',
      `${'x'.repeat(8191)}\r\ny`,
      '/p/text()[2].1',
      'y',
    ],
    ['is cut after CR and LF, not between them', `${'x'.repeat(8189)}\r\nyz`, '/p/text()[2].0', 'yz'],
  ])('%s', async (_, text, xpointer, expected) => {
    expect(await textAt(page(`<p>${text}</p>`), xpointer)).toBe(expected);
  });
});

describe('an & that begins no reference', () => {
  it.each([
    ['is dropped with the space after it', '<p>a & b</p>', '/p/text().2', 'b'],
    ['is dropped with the character after it', '<p>a&1b</p>', '/p/text().1', 'b'],
    ['is dropped at the end of a text', '<p>a&<b>c</b>d</p>', '/p/text()[1].0', 'acd'],
    ['leaves an empty text behind if nothing else is there', '<p>a<b>&</b>c</p>', '/p/b/text().0', 'c'],
    ['stays before a letter', '<p>AT&T x</p>', '/p/text().3', 'T x'],
    ['stays before an unknown name', '<p>a&foo;b</p>', '/p/text().6', 'b'],
    ['does not end a run of white space before a letter', '<p>a &T b</p>', '/p/text().4', 'b'],
    ['takes the digits after it with it', '<p>a&#65 x</p>', '/p/text().1', 'x'],
    ['gives nothing without digits', '<p>a&#x;b</p>', '/p/text().1', 'b'],
    ['gives nothing for the number 0', '<p>a&#0;b</p>', '/p/text().1', 'b'],
    ['begins a reference after another one', '<p>a&&amp;b</p>', '/p/text().1', '&b'],
    ['is a reference if a space ends a known name', '<p>a&copy b</p>', '/p/text().2', 'b'],
    ['stays before a name in which another one begins', '<p>a&Tb&#65 c;</p>', '/p/text().4', 'c;'],
    ['is none if a known name ends elsewhere', '<p>a&copy, b</p>', '/p/text().6', ', b'],
  ])('%s', async (_, body, xpointer, text) => {
    expect(await textAt(page(`${body}<br>`), xpointer)).toBe(text);
  });
});

describe('white space that is kept', () => {
  it.each([
    ['has no CR', '<pre>a\r\nb</pre>', '/pre/text().2', 'b'],
    ['has no CR after a newline', '<pre>a\n\rb</pre>', '/pre/text().2', 'b'],
    ['has one newline for two CR', '<pre>a\r\rb</pre>', '/pre/text().2', 'b'],
  ])('%s', async (_, body, xpointer, text) => {
    expect(await textAt(page(body), xpointer)).toBe(text);
  });

  it('is that of a drawing too', async () => {
    const content = page('<svg><text>\n\ta\r\nb</text></svg><p>c</p>');
    const path = folder.write(makeEpub({ chapters: [{ content }] }));
    const translator = createTranslator({ cacheBytes: 0 });
    const isThere = (point: number) =>
      translator.isResolvable({ path }, `/body/DocFragment/body/svg/text/text().${point}`);
    expect([await isThere(11), await isThere(12)]).toEqual([true, false]);
  });
});

describe('a character that crengine inserts', () => {
  it('is a place, and what is after it is not', async () => {
    const ruby = page('<p>a <ruby>b</ruby></p>');
    expect(await textAt(ruby, '/p/ruby/text()[1].0')).toBe('\u200Bb');
    expect(await textAt(ruby, '/p/ruby/text()[1].1')).toBe(undefined);
    expect(await textAt(ruby, '/p/ruby/text()[2].0')).toBe('b');
  });
});

describe('a chapter in another encoding', () => {
  const text = '<p>a\u{1F600}b \u{1F600}<i>c</i></p>';

  it('counts both halves of a pair in UTF-16', async () => {
    const utf16 = Buffer.from(`\uFEFF${page(text)}`, 'utf16le');
    expect(await textAt(utf16, '/p/text().3')).toBe('b \u{1F600}c');
    expect(await textAt(Buffer.from(page(text)), '/p/text().2')).toBe('b \u{1F600}c');
    const long = Buffer.from(`\uFEFF${page(`<p>${'\u{1F600}'.repeat(4095)} ab</p>`)}`, 'utf16le');
    expect(await textAt(long, '/p/text()[2].1')).toBe('b');
  });

  it('is not sure of letters of which nothing says what they are', async () => {
    const latin1 = Buffer.from(page('<p>caf\u00E9</p><p>tea</p>'), 'latin1');
    expect(await textAt(latin1, '/p[1]/text().1')).toBe(undefined);
    expect(await textAt(latin1, '/p[2]/text().1')).toBe('ea');
  });

  it('has letters of Latin-1 as crengine reads them as UTF-8', async () => {
    const declared = `<?xml version="1.0" encoding="utf-8"?>${page('<p>caf\u00E9 <b>\u00F6</b> b\u00FCro</p>')}`;
    const bytes = Buffer.from(declared, 'latin1');
    expect(await textAt(bytes, '/p/text()[1].3')).toBe('? ? b|ro');
    expect(await textAt(bytes, '/p/text()[2].2')).toBe('|ro');
  });

  it.each([
    ['that may be markup', 'caf\u00E9 \u00A0'],
    ['beside a replacement character', 'caf\u00E9 \u00EF\u00BF\u00BD'],
  ])('is not sure of wrong bytes %s', async (_, text) => {
    const declared = `<?xml version="1.0" encoding="utf-8"?>${page(`<p>${text}</p><p>tea</p>`)}`;
    expect(await textAt(Buffer.from(declared, 'latin1'), '/p[1]/text().1')).toBe(undefined);
    expect(await textAt(Buffer.from(declared, 'latin1'), '/p[2]/text().1')).toBe('ea');
  });
});
