import { afterAll, describe, expect, it } from 'vitest';
import { placesInBook, type PlaceRow } from '../../support/crengine-places.js';
import { makeBookFolder } from '../../support/epub.js';

const folder = makeBookFolder();
afterAll(() => folder.remove());
const { itFinds, bookOf, translator } = placesInBook(folder);

describe('a line break', () => {
  itFinds([
    // Calibre writes this rule into each book.
    ['.c { display: block }', '<p>a<br class="c"/> <br class="c"/>b<br/>c</p>', '/p/text()[3].0', 'b'],
    ['br { display: none }', '<p>a<br/> <br/>b<br/>c</p>', '/p/text()[3].0', 'b'],
  ]);
});

describe('a value that crengine does not know', () => {
  const spans = '<div><p class="r">a</p> <em>b</em> c</div>';
  itFinds([
    ['p { white-space: pre-wrap; white-space: -o-pre-wrap }', '<p>a  b</p>', '/p/text().3', 'b'],
    [
      '.r { display: none; display: oeb-page-head }',
      '<div>t <p class="r">a</p> <em>b</em> c <em>d</em> e</div>',
      '/div/text()[3].1',
      'c',
    ],
    ['.r { display: flex }', spans, '/div/text().1', 'c'],
    ['.r { display: inline-grid; DISPLAY: contents }', spans, '/div/text().1', 'c'],
    ['.r { display: block none }', spans, '/div/text().1', 'c'],
    ['.r { color: red display: inline }', spans, '/div/text().1', 'c'],
    [
      '.r { display: initial }',
      '<div>t <b>u</b> <p class="r">a</p> <em>b</em></div>',
      '/div/em/text().0',
      'b',
    ],
    ['p { white-space: pre; white-space: unset }', '<p>a  b</p>', '/p/text().2', 'b'],
  ]);
});

describe('kept white space', () => {
  itFinds([
    ['', '<pre><div>a  b</div></pre>', '/pre/div/text().3', 'b'],
    ['', '<pre><p>a\n b <i>c  d</i></p></pre>', '/pre/p/i/text().3', 'd'],
    ['.w { white-space: pre }', '<div class="w"><p>a  b</p></div>', '/div/p/text().3', 'b'],
    ['p { white-space: normal }', '<pre><p>a  b</p></pre>', '/pre/p/text().2', 'b'],
    ['', '<pre><nobr>a  b</nobr></pre>', '/pre/nobr/text().2', 'b'],
    ['', '<textarea>\na  b</textarea>', '/textarea/text().3', 'b'],
  ]);
});

describe('the name of an element', () => {
  const block = (name: string): PlaceRow => [
    '',
    `<div><p>x</p> <${name}>\n<i>y</i> z</${name}> t</div>`,
    `/div/${name}/text().1`,
    'z',
  ];
  const silent = (name: string): PlaceRow => [
    '',
    `<div>t <${name}>y<b>z</b></${name}> <i>u</i> v</div>`,
    '/div/i/text().0',
    'u',
  ];
  itFinds([
    ...'noframes multicol city date id year email lang v subtitle'.split(' ').map(block),
    ...'applet epigraph annotation poem stanza source track keygen'.split(' ').map(silent),
  ]);

  it.each('area base link meta epigraph annotation poem stanza applet track'.split(' '))(
    '%s refuses text',
    async (name) => {
      const path = bookOf('', `<div>t<${name}>y</${name}>u</div>`);
      expect(await translator.isResolvable({ path }, `/body/DocFragment[1]/body/div/${name}/text().0`)).toBe(
        false,
      );
    },
  );
});
