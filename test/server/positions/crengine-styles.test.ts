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

describe('a selector that asks for what follows or for what is inside', () => {
  itFinds([
    // All of them are the last child when they start: white space beside them is dropped.
    [
      'em:last-child { display: block }',
      '<div> <em>a</em> <em>b</em> c <p>d</p> <em>e</em></div>',
      '/div/text().1',
      'c',
    ],
    [
      'p:last-child { display: none }',
      '<div>t <p>a</p> <em>b</em> <p>c</p> <em>d</em> e <p>f</p></div>',
      '/div/text()[2].1',
      'e',
    ],
    [
      'em:not(:last-child) { display: block }',
      '<div>t <em>a</em> <em>b</em> u <em>c</em></div>',
      '/div/text()[2].1',
      'u',
    ],
    [
      'p:nth-last-child(2) { display: inline }',
      '<div><b>t</b> <p>a</p> <em>b</em> c <p>d</p> <em>e</em></div>',
      '/div/text().1',
      'c',
    ],
    [
      'p:empty { display: inline }',
      '<div><b>t</b> <p> a  <b>b</b></p> <em>c</em> d <p></p></div>',
      '/div/text().1',
      'd',
    ],
    [
      'p:empty + em { display: block }',
      '<div>t <p></p> <em>a</em> u <p>b</p> <em>c</em> d</div>',
      '/div/text()[3].1',
      'd',
    ],
    ['p:last-of-type { white-space: pre }', '<p>a  b</p><p>c  d</p>', '/p[1]/text().3', 'b'],
    ['p:only-child { white-space: pre }', '<div><p>a  b</p><p>c  d</p></div>', '/div/p[1]/text().3', 'b'],
    ['p:only-child { white-space: pre }', '<div><p>a  b</p><p>c  d</p></div>', '/div/p[2]/text().2', 'd'],
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
