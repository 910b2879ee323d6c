import { afterAll, describe, expect, it } from 'vitest';
import { createTranslator } from '../../../server/positions/translation/translator.js';
import { placesInBook } from '../../support/crengine-places.js';
import { makeBookFolder, makeEpub, xhtml } from '../../support/epub.js';

const folder = makeBookFolder();
afterAll(() => folder.remove());
const { itFinds } = placesInBook(folder);

describe('a box of floats', () => {
  itFinds([
    [
      '.f { float: left }',
      '<div>t <i>u</i> <span class="f">a</span> <span class="f">b</span> <b>c</b></div>',
      '/div/b/text().0',
      'c',
    ],
    [
      '.f { float: left }',
      '<div><p>a</p> <span class="f">f</span> <span class="f">g</span> <p>b</p> c</div>',
      '/div/text().1',
      'c',
    ],
    [
      '.f { float: left }',
      '<div>t <p>x</p> <span class="f">f</span> y <b>z</b> w</div>',
      '/div/text()[2].1',
      'y',
    ],
    [
      '.f { float: left }',
      '<div> <span class="f">a</span> <span class="f">b</span> </div><p>x</p>',
      '/p/text().0',
      'x',
    ],
    [
      '.f { float: right; display: none }',
      '<div><p>a</p> <i class="f">x</i> <b>c</b> d <p>e</p> f <p>g</p> h</div>',
      '/div/text()[2].1',
      'd',
    ],
    ['', '<div><p>a</p> <img align="left" src="x.png"/> <b>c</b> d <p>e</p></div>', '/div/b/text().0', 'c'],
    [
      '.f{float:left;}',
      '<div><p>a</p> <i class="f">x</i> <i class="f">y</i> c</div>',
      '/div/text()[2].1',
      'c',
    ],
  ]);
});

describe('an inline element with blocks', () => {
  itFinds([
    ['', '<span> <p>a</p> <b><p>b</p></b></span>', '/span/b/p/text().0', 'b'],
    ['', '<span> <p>a</p> <!-- --> <p>b</p> c</span>', '/span/text().1', 'c'],
    ['', '<div>t <a><p>b</p></a> <i>u</i> c</div>', '/div/text()[2].1', 'c'],
    ['', '<div>t <a>x <p>b</p> <b>y</b></a> <i>u</i> c</div>', '/div/text()[3].1', 'c'],
    [
      'span[title] { display: block }',
      '<ul><li><a><span title="q">b</span></a> <i>u</i> c</li></ul>',
      '/ul/li/text().1',
      'c',
    ],
    ['', '<div>t <a><br/><p>b</p> </a> <i>u</i> c</div>', '/div/text()[3].1', 'c'],
    ['', '<div>t <b><i><p>b</p></i> <s/></b> <i>u</i> c</div>', '/div/text()[3].1', 'c'],
  ]);
});

describe('blocks in preformatted text', () => {
  itFinds([
    ['', '<pre>a <p>b</p> <i>c</i> d</pre>', '/pre/text()[2].1', 'd'],
    ['', '<pre>a <p>b</p> \n </pre><p>c</p>', '/p/text().0', 'c'],
  ]);
});

describe('parts of tables outside of one', () => {
  itFinds([
    ['', '<div><p>a</p> <td>b</td> c</div>', '/div/text().1', 'c'],
    [
      '.r { display: table-row }',
      '<div>t <div class="r"><b>x</b> <i>y</i> </div> <i>u</i> v</div>',
      '/div/text()[2].1',
      'v',
    ],
    [
      '.t { display: table } .c { display: table-cell }',
      '<div class="t"><b class="c">x</b> <i>y</i> z <b class="c">w</b></div>',
      '/div/text().1',
      'z',
    ],
    ['', '<table><form>x</form><tr><td>y</td></tr></table>', '/table/tr/td/text().0', 'y'],
  ]);
});

describe('ruby', () => {
  itFinds([
    ['', '<p><ruby> x<rt>y</rt> <rt>z</rt>w</ruby></p>', '/p/ruby/text()[3].0', 'w'],
    ['', '<p><ruby><b>x</b> <rt>y</rt>z</ruby> w</p>', '/p/ruby/text().0', 'z'],
    [
      'ruby { display: inline }',
      '<p><ruby><b>x</b> <rt>y</rt>z<i>v</i>u</ruby> w</p>',
      '/p/ruby/text()[2].0',
      'z',
    ],
    ['', '<p>a <ruby>x</ruby> b</p>', '/p/ruby/text()[2].0', 'x'],
    ['', '<p>a <ruby> <rt>x</rt> y</ruby> b</p>', '/p/ruby/text()[3].1', 'y'],
    ['', '<p>a <ruby><rtc></rtc><rtc><rt>x</rt></rtc>y<rt>z</rt></ruby> b</p>', '/p/ruby/text()[2].0', 'y'],
    ['', '<p>a <ruby>x<rt>y</rt></ruby> b</p>', '/p/ruby/text().0', 'x'],
    ['', '<p><rp>(</rp>x</p>', '/p/rp/text().0', '('],
  ]);

  it.each([
    ['.r { display: ruby }', '<p>a <span class="r">x <i>y</i> z</span> b</p>'],
    ['span { display: inherit }', '<p>a <ruby><span>x <i>y</i> z</span></ruby> b</p>'],
  ])('is not certain of places in another element that becomes one: %s', async (css, content) => {
    const chapter = { content: xhtml(content, `<style>${css}</style>`) };
    const book = { path: folder.write(makeEpub({ chapters: [chapter] })) };
    const translator = createTranslator({ cacheBytes: 1024 * 1024 });
    const path = content.includes('<ruby>') ? 'ruby/span' : 'span';
    const place = `/body/DocFragment/body/p/${path}/text()[2].1`;
    const translation = await translator.translateXpointer(book, place, { percentage: undefined });
    expect(translation).toMatchObject({ state: 'translated', cfiConfidence: 'element' });
  });

  // crengine has one child there, a cell, and goes to page 1 for the second one.
  it('gives no point past the cell of a row', async () => {
    const chapter = { content: xhtml('<p><ruby>a<rtc>b <i>c</i></rtc></ruby></p>') };
    const book = { path: folder.write(makeEpub({ chapters: [chapter] })) };
    const translator = createTranslator({ cacheBytes: 1024 * 1024 });
    expect(await translator.isResolvable(book, '/body/DocFragment/body/p/ruby/rtc.2')).toBe(false);
    expect(await translator.isResolvable(book, '/body/DocFragment/body/p/ruby/rtc/i/text().0')).toBe(true);
  });
});

describe('content before and after an element', () => {
  itFinds([
    ['p::before { content: "-" }', '<p> <span>x</span> y<b>z</b> w</p>', '/p/text()[2].1', 'y'],
    ['p:after { content: "" }', '<p> <span>x</span> y<b>z</b> w</p>', '/p/text()[2].1', 'y'],
    ['p::before { content: none }', '<p> <span>x</span> y<b>z</b> w</p>', '/p/text()[1].1', 'y'],
    [
      'p::before { content: "a"; display: none }',
      '<p> <span>x</span> y<b>z</b> w</p>',
      '/p/text()[1].1',
      'y',
    ],
    ['p::before { color: red }', '<p> <span>x</span> y<b>z</b> w</p>', '/p/text()[1].1', 'y'],
    [
      'p::before { content: "a"; display: block }',
      '<p> <span>x</span> y<b>z</b> w</p>',
      '/p/text()[1].1',
      'y',
    ],
    ['p::before { content: "a"; float: left }', '<p> <span>x</span> y<b>z</b> w</p>', '/p/text()[2].1', 'y'],
    ['pre::before { content: "a" }', '<pre>\nx</pre>', '/pre/text().1', 'x'],
    ['q { display: block }', '<q> <b>x</b> y <i>z</i> w</q>', '/q/text()[2].1', 'y'],
    ['p::first-letter { float: left }', '<p> <span>x</span> y<b>z</b> w</p>', '/p/text()[1].1', 'y'],
  ]);
});

describe('a condition', () => {
  itFinds([
    [
      '@media all { .a { display: block } }',
      '<div>t <b class="a">x</b> <i>z</i> y <i>u</i> w</div>',
      '/div/text()[2].1',
      'y',
    ],
    [
      '@media screen { .a { display: block } }',
      '<div>t <b class="a">x</b> <i>z</i> y <i>u</i> w</div>',
      '/div/text()[2].1',
      'y',
    ],
    [
      '@media only screen { .a { display: block } }',
      '<div>t <b class="a">x</b> <i>z</i> y <i>u</i> w</div>',
      '/div/text()[2].1',
      'y',
    ],
    [
      '@media not print { .a { display: block } }',
      '<div>t <b class="a">x</b> <i>z</i> y <i>u</i> w</div>',
      '/div/text()[2].1',
      'y',
    ],
    [
      '@media screen, print { .a { display: block } }',
      '<div>t <b class="a">x</b> <i>z</i> y <i>u</i> w</div>',
      '/div/text()[2].1',
      'y',
    ],
    [
      '@media (min-width: 10px) { .a { display: block } }',
      '<div>t <b class="a">x</b> <i>z</i> y <i>u</i> w</div>',
      '/div/text()[2].1',
      'y',
    ],
    [
      '@media screen and (min-width: 1em) and (max-width: 90000px) { .a { display: block } }',
      '<div>t <b class="a">x</b> <i>z</i> y <i>u</i> w</div>',
      '/div/text()[2].1',
      'y',
    ],
    [
      '@media print { .a { display: block } }',
      '<div>t <b class="a">x</b> <i>z</i> y <i>u</i> w</div>',
      '/div/text()[3].1',
      'y',
    ],
    [
      '@media amzn-kf8 { .a { display: block } }',
      '<div>t <b class="a">x</b> <i>z</i> y <i>u</i> w</div>',
      '/div/text()[3].1',
      'y',
    ],
    [
      '@media amzn-mobi { .a { display: block } }',
      '<div>t <b class="a">x</b> <i>z</i> y <i>u</i> w</div>',
      '/div/text()[3].1',
      'y',
    ],
    [
      '@media (max-width: 1px) { .a { display: block } }',
      '<div>t <b class="a">x</b> <i>z</i> y <i>u</i> w</div>',
      '/div/text()[3].1',
      'y',
    ],
    [
      '@media not all { .a { display: block } }',
      '<div>t <b class="a">x</b> <i>z</i> y <i>u</i> w</div>',
      '/div/text()[3].1',
      'y',
    ],
    [
      '@media speech, print { .a { display: block } }',
      '<div>t <b class="a">x</b> <i>z</i> y <i>u</i> w</div>',
      '/div/text()[3].1',
      'y',
    ],
    [
      '@media screen and (pointer: fine) { .a { display: block } }',
      '<div>t <b class="a">x</b> <i>z</i> y <i>u</i> w</div>',
      '/div/text()[3].1',
      'y',
    ],
    [
      '@supports (display: grid) { .a { display: block } }',
      '<div>t <b class="a">x</b> <i>z</i> y <i>u</i> w</div>',
      '/div/text()[3].1',
      'y',
    ],
    [
      '@supports not (display: grid) { .a { display: block } }',
      '<div>t <b class="a">x</b> <i>z</i> y <i>u</i> w</div>',
      '/div/text()[2].1',
      'y',
    ],
    [
      '@layer x { .a { display: block } }',
      '<div>t <b class="a">x</b> <i>z</i> y <i>u</i> w</div>',
      '/div/text()[3].1',
      'y',
    ],
  ]);
});

describe('an element that is not displayed', () => {
  itFinds([
    ['', '<p>a <object type="image/png" data="x.png">t <b>u</b></object> c</p>', '/p/text()[2].1', 'c'],
    [
      '',
      '<p>a <epub:switch><epub:case required-namespace="x"><b>u</b> v</epub:case><epub:default>w</epub:default></epub:switch> c</p>',
      '/p/switch/default/text().0',
      'w',
    ],
    ['* { display: block }', '<div>t <i hidden="hidden">a</i> <b>x</b> c</div>', '/div/text()[2].1', 'c'],
    ['', '<div>t <p hidden="hidden">a</p> <b>x</b> c <b>y</b> d</div>', '/div/text()[3].1', 'c'],
    [
      '.a { display: block }',
      '<div><i hidden="hidden" class="a">a</i> <b>x</b> c <p>d</p></div>',
      '/div/text().1',
      'c',
    ],
    ['', '<p>a <span epub:type="pagebreak">7</span>b</p>', '/p/text()[2].0', 'b'],
  ]);
});
