import { afterAll, describe, expect, it } from 'vitest';
import { makeBookFolder } from '../../support/epub.js';
import { placesInDocument } from '../../support/places-in-document.js';
import { makeZip } from '../../support/zip.js';

const folder = makeBookFolder();
afterAll(() => folder.remove());
const { back, itFinds, translate, translation } = placesInDocument(folder, 'html');

function page(body: string, head = '<title>t</title>'): string {
  return `<!DOCTYPE html>\n<html>\n<head>\n${head}\n</head>\n<body>\n${body}\n</body>\n</html>\n`;
}

describe('a place in a HTML file', () => {
  itFinds([
    ['a paragraph', page('<p>a</p>\n<p>b  c</p>'), '/html/body/p[2]/text().2', 'c'],
    ['a line break has no content', page('<p>a<br>b</p>'), '/html/body/p/text()[2].0', 'b'],
    [
      'a paragraph ends where the next one begins',
      page('<p>a<p>b<div>c</div>'),
      '/html/body/p[2]/text().0',
      'b c',
    ],
    ['a heading ends a paragraph and a heading', page('<p>a<h1>b<h2>c</h2>'), '/html/body/h2/text().0', 'c'],
    [
      'an item ends the item before it',
      page('<ul><li>a<li>b<ul><li>c</ul><li>d</ul>'),
      '/html/body/ul/li[3]/text().0',
      'd',
    ],
    ['a term ends a definition', page('<dl><dt>a<dd>b<dt>c</dl>'), '/html/body/dl/dt[2]/text().0', 'c'],
    [
      'an inline element ends in its block',
      page('<div><b>a<p>b</b>c</p></div>d'),
      '/html/body/div/b/p/text()[2].0',
      'c d',
    ],
    ['an end tag that ends nothing is ignored', page('a</b></div>b'), '/html/body/text()[2].0', 'b'],
    [
      'an end tag of a paragraph without its start makes one',
      page('<div>a</p>b</div>'),
      '/html/body/div/text()[2].0',
      'b',
    ],
    ['the end tag of a line break makes one', page('<p>a</br>b</p>'), '/html/body/p/text()[2].0', 'b'],
    [
      'a table gets what is missing',
      page('<table>\n<tr><td>a<td>b\n<tr><td>c</table>'),
      '/html/body/table/tbody/tr[2]/td/text().0',
      'c',
    ],
    ['a cell without a table is ignored', page('<div><td>a</td> b</div>'), '/html/body/div/text()[2].1', 'b'],
    ['parts of a ruby end each other', page('<ruby>a<rt>b<rp>c</ruby>d'), '/html/body/ruby/rt/text().0', 'b'],
    [
      'an option ends the option before it',
      page('<select><option>a<option>b</select>'),
      '/html/body/select/option[2]/text().0',
      'b',
    ],
    ['names in upper case', page('<P>a<P>b'), '/html/body/p[2]/text().0', 'b'],
    [
      'no roots',
      '<!DOCTYPE html><title>t</title><p>some text</p> and more',
      '/html/body/text().1',
      'and more',
    ],
    [
      'a style sheet in the head',
      page('a <b>b</b>', '<style>b{display:block}</style>'),
      '/html/body/b/text().0',
      'b',
    ],
    [
      'white space after the style sheet',
      page(' <i>a</i> b', '<style>b{color:red}</style>'),
      '/html/body/text()[2].1',
      'b',
    ],
    [
      'an element in upper case in a drawing',
      page('<svg><linearGradient/></svg><p>a</p>'),
      '/html/body/p/text().0',
      'a',
    ],
    ['a processing instruction is no element', page('<p>a<?x y?>b</p>'), '/html/body/p/text()[2].0', 'b'],
  ]);

  it('is found by the headings, in an archive with its style sheet, and by a text', async () => {
    const html = page('<h2>A</h2><p>a <b>b</b> c</p>', '<link rel="stylesheet" href="s/a.css">');
    const archive = makeZip([
      { name: 'a.html', content: page('<p>another</p>') },
      { name: 'index.html', content: html },
      { name: 's/a.css', content: 'b { display: block } /* a rule */' },
    ]);
    const there = await translate(archive, '/html/body/p/text()[2].1');
    const quote = await back(archive, { text: { before: 'A', highlight: 'a b c' } });
    expect([there.textAfter, there.cfiConfidence, there.chapterTitle]).toEqual(['c', 'exact', 'A']);
    expect([quote.xpointer, quote.xpointerConfidence]).toEqual(['/html/body/p/text()[1].0', 'exact']);
  });
});

describe('a place in a HTML file is not certain', () => {
  const linked = '<link rel="stylesheet" href="beside.css">';
  const notes = '<div align="right"><form action="x"></form></div>';

  it.each([
    ['where something is moved out of a table', page('<table>a<tr><td>b</table><p>c</p>'), 'p', 'c'],
    ['where an element is moved out of a table', page('<table><form><tr><td>b</table><p>c</p>'), 'p', 'c'],
    ['where the style sheet is another file', page('<p>c</p>', linked), 'p', 'c'],
    ['in a book of a library that is read in another way', page(`${notes}<p>c</p>`), 'p', 'c'],
    ['after the end of the first root', `${page('<p>c</p>')}<p>another document</p>`, 'p', 'c'],
  ])('%s', async (_, html, name, text) => {
    const there = await translate(html, `/html/body/${name}/text().0`);
    expect([there.textAfter.slice(0, 1), there.cfiConfidence]).toEqual([text, 'element']);
    // A pointer that may lead to another place is not given to KOReader.
    const served = await back(html, { text: { highlight: 'c', before: ' ' } });
    expect(served.xpointer).toBe('/html.0');
  });

  it('but is where a style sheet is on another server', async () => {
    const remote = '<link rel="stylesheet" href="https://example.org/a.css">';
    const there = await translate(page('<p>c</p>', remote), '/html/body/p/text().0');
    expect(there.cfiConfidence).toBe('exact');
  });

  it('for a character that crengine inserts where the browser has another one', async () => {
    const html = page('<textarea><ruby>a</ruby></textarea>');
    expect(await translate(html, '/html/body/textarea/ruby/text()[1].0')).toMatchObject({
      textAfter: '\u200Ba',
      cfiConfidence: 'clamped',
    });
    expect(await translate(html, '/html/body/textarea/ruby/text()[2].0')).toMatchObject({
      textAfter: 'a',
      cfiConfidence: 'exact',
    });
  });

  it('for what is in an element whose name ends in a point to crengine', async () => {
    const html = page('<p>a</p><w3.org>abc def</w3.org>');
    const served = await back(html, { text: { highlight: 'def', before: 'abc ' } });
    expect([served.xpointer, served.xpointerConfidence]).toEqual(['/html.0', 'fragment']);
    expect(served.textAfter).toBe('def');
  });

  it('for an element without a start tag', async () => {
    const html = page('<table><tr><td>a</table>');
    expect(await translate(html, '/html/body/table/tbody.0')).toMatchObject({
      textAfter: 'a',
      xpointer: '/html/body/table/tbody/tr.0',
      cfiConfidence: 'element',
    });
  });
});

describe('a hostile HTML file', () => {
  it.each([
    ['of forms', '<form></form>'.repeat(200_000)],
    ['of tags without an end, and a form', `${'<div '.repeat(300_000)}><form>`],
    ['of items', '<ul><li>'.repeat(120) + '<b>'.repeat(100) + '<li></b>'.repeat(100_000)],
    ['of end tags', '<i>'.repeat(200) + '</b>'.repeat(400_000)],
  ])('%s is answered or refused', async (_, body) => {
    const there = await translate(page(body), '/html/body/p/text().0');
    expect(['fragment', 'element', 'clamped']).toContain(there.cfiConfidence);
  });
});

describe('what is no place in a HTML file', () => {
  it.each([
    ['a position in a FictionBook', '/FictionBook/body/p/text().0', 'other-format'],
    ['one in a second root', '/html[2]/body/p/text().0', 'unknown-form'],
  ])('%s', async (_, place, reason) => {
    expect(await translation(page('<p>a</p>'), place)).toEqual({ state: 'untranslatable', reason });
  });

  it('a drawing, and a text without a tag of HTML', async () => {
    for (const content of [
      '<svg><title>a drawing</title></svg><!-- x -->',
      'a text without any tags, which is no page',
    ]) {
      expect((await translate(content, '/html/body.0')).chapterProblem).toBe('chapter-without-body');
    }
  });
});
