import { afterAll, describe, expect, it } from 'vitest';
import { parseStyleSheet } from '../../../server/positions/crengine/style-sheet.js';
import { createTranslator } from '../../../server/positions/translation/translator.js';
import { makeBookFolder, makeEpub, xhtml } from '../../support/epub.js';
import { translated } from '../../support/one-chapter.js';

const folder = makeBookFolder();
afterAll(() => folder.remove());
const translator = createTranslator({ cacheBytes: 8 * 1024 * 1024 });

async function positionOf(css: string, body: string, cfi: string, head = ''): Promise<[string, string]> {
  const chapters = [
    { content: xhtml(body, `<link rel="stylesheet" type="text/css" href="../s.css"/>${head}`) },
    { content: xhtml('<p>x</p>') },
  ];
  const files = [
    { name: 'OPS/s.css', content: css },
    { name: 'OPS/more/t.css', content: 'span { display: block }' },
  ];
  const path = folder.write(makeEpub({ chapters, files }));
  const position = translated(await translator.translateCfi({ path }, `epubcfi(/6/2!${cfi})`));
  return [position.xpointer.replace('/body/DocFragment[1]/body', ''), position.xpointerConfidence];
}

/** The spaces beside inline spans are kept, those beside blocks are removed: `y` is in the third or second text. */
const BODY = '<div>t <span class="a">x</span> <span class="a b">z</span> y</div>';
const Y = '/4/2/5:1';

/** How the spans of `BODY` are displayed, by the number of the text of `y`. */
async function displayOfSpans(css: string, head = ''): Promise<string> {
  const [pointer, confidence] = await positionOf(css, BODY, Y, head);
  if (confidence !== 'exact') return 'unsure';
  return pointer === '/div/text()[2].1' ? 'block' : 'inline';
}

/** The least of three, in time of the processor: other processes on the machine do not count. */
function parsingMs(css: string): number {
  const runs = [1, 2, 3].map(() => {
    const before = process.cpuUsage();
    parseStyleSheet(css);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  return Math.min(...runs);
}

describe('style sheets', () => {
  it.each([
    ['p { color: red }', 'inline'],
    ['span { font-weight: bold }', 'inline'],
    ['.other { display: block }', 'inline'],
    ['p > span { display: block }', 'inline'],
    ['.a { display: none }', 'inline'],
    // A single space is the same, kept or collapsed.
    ['div { white-space: pre-wrap }', 'inline'],
    // The same with the style sheet and without it.
    ['div { display: block } span { display: inline }', 'inline'],
    ['@media print { p { display: none } }', 'inline'],
    // The number of the text shows how the spans are displayed.
    ['span { display: block }', 'block'],
    ['.a { DISPLAY : block !important }', 'block'],
    ['div.z, div > .a { display: block }', 'block'],
    ['body div .a.b { display: block }', 'block'],
    ['/* } */ .a { content: "}"; display: block }', 'block'],
    ['@media screen { span { display: block } }', 'block'],
    ['span:not(.q, .r) { display: block }', 'block'],
    ['span[title="a b"] { display: block }', 'inline'],
    ['[title="a, span"] p { display: block }', 'inline'],
    ['span:not(.q).a { display: block }', 'block'],
    ['span:not(.q).other { display: block }', 'inline'],
    ['.\\61 { display: block }', 'unsure'],
    ['span { display: block } .\\61 { display: inline }', 'unsure'],
    // crengine ignores a rule with a selector that it does not know.
    ['p., span { display: block }', 'inline'],
    ['{ display: block }', 'inline'],
    ['span { display: block } p., span { display: inline }', 'block'],
    ['span { color: red }; span { display: block }', 'inline'],
    ['span { display: block } p { color: red }; span { display: inline }', 'block'],
    ['span { display: block } .5a, span { display: inline }', 'unsure'],
    // What is not parsed may mean anything, and crengine may ignore the rule or not.
    ['p:not(, .other { display: block }', 'unsure'],
    ['span { display: block } p:is(), span { display: inline }', 'unsure'],
    ['span { display: block } p:hover, span { display: inline }', 'block'],
    ['span { display: block } p, div + .a { display: inline }', 'block'],
    // A rule after a mark of XML.
    ['<!-- span { display: block } -->', 'inline'],
    ['<!-- p { color: red } span { display: block } -->', 'block'],
    ['<!-- @media screen { p { color: red } span { display: block } } -->', 'block'],
    ['<![CDATA[ p { display: none } ]]>', 'inline'],
    ['<![CDATA[ span { display: block } ]]>', 'inline'],
    ['span { display: block } <![CDATA[ span { display: inline } ]]>', 'block'],
    ['body > .a { display: block }', 'inline'],
    ['p + span { display: block }', 'inline'],
    ['.a { float: left }', 'inline'],
    ['@import url("more/t.css");', 'block'],
    ['@import "s.css"; @import "more/t.css";', 'block'],
    // The later rule, or the more specific one, wins.
    ['span { display: block } span { display: inline }', 'inline'],
    ['span.a { display: inline } span { display: block }', 'inline'],
    ['span { display: block !important } span.a { display: inline }', 'block'],
    ['span { display: block } @media screen { span { display: inline } }', 'inline'],
    // `!important` belongs to one declaration.
    ['span { display: inline; color: red !important } span.a { display: block }', 'block'],
    ['span.a { display: block } span { display: inline ! important }', 'inline'],
    ['span { display: inline !important; display: block } span.a { display: block }', 'inline'],
    ['span { display: block; display: inline !important } span.a { display: block }', 'inline'],
    // Attributes and pseudo-classes weigh as much as classes, `:not()` and `:is()` as the heaviest selector in them.
    ['span.a { display: inline } span:first-child { display: block }', 'block'],
    ['span:first-child { display: block } span.a { display: inline }', 'inline'],
    ['span:first-child:not(.q) { display: block } span.a { display: inline }', 'block'],
    ['span[class][class] { display: block } span.a { display: inline }', 'block'],
    ['span:not(:is(.q, #q)) { display: block } span.a { display: inline }', 'block'],
    ['span:where(#q, .a) { display: block } span.a { display: inline }', 'inline'],
    ['span[id=q] { display: block } span.a.a { display: inline }', 'inline'],
    // Invalid at the end or at the start, but the rule counts.
    ['span { display: block', 'inline'],
    ['}}} span { display: block }', 'block'],
  ])('%s: %s', async (css, display) => {
    expect(await displayOfSpans(css)).toBe(display);
    expect(await displayOfSpans('', `<style>${css.replaceAll('more/', '../more/')}</style>`)).toBe(display);
  });

  it('may not lead to page 1 if the reader does without them', async () => {
    const css = 'span { display: inline !important } p { display: inline }';
    const body = '<div><p>x</p> <p>z</p> y</div>';
    expect(await positionOf('', body, '/4/2/5:1')).toEqual(['/div/text().1', 'exact']);
    expect(await positionOf(css, body, '/4/2/5:1')).toEqual(['/div', 'element']);
  });

  it('change nothing where there is no white space to remove', async () => {
    const body = '<div>t<span class="a">x</span>y</div>';
    expect(await positionOf('span { display: block }', body, '/4/2/3:0')).toEqual([
      '/div/text()[2].0',
      'exact',
    ]);
  });

  it('that keep white space count it', async () => {
    const body = '<div>a  b <em>c  d</em><p>e  f</p></div>';
    expect(await positionOf('', body, '/4/2/2/1:2')).toEqual(['/div/em/text().2', 'exact']);
    const css = 'div { white-space: pre-wrap }';
    expect(await positionOf(css, body, '/4/2/2/1:2')).toEqual(['/div/em/text().2', 'exact']);
    expect(await positionOf(css, body, '/4/2/4/1:2')).toEqual(['/div/p/text().2', 'exact']);
    // Without the style sheet the text has no more than three characters.
    expect(await positionOf(css, body, '/4/2/2/1:4')).toEqual(['/div/em', 'element']);
  });

  it('outweigh an id with 32 classes, as in crengine', async () => {
    const body = BODY.replace('class="a"', 'class="a" id="i"').replace('a b', 'b');
    const css = (classes: number): string =>
      `#i { display: inline } span${'.a'.repeat(classes)} { display: block }`;
    expect((await positionOf(css(31), body, Y))[0]).toBe('/div/text()[3].1');
    expect((await positionOf(css(32), body, Y))[0]).toBe('/div/text()[2].1');
  });

  it('of an element', async () => {
    const body = BODY.replace('class="a"', 'style="color: red; display: block"');
    expect((await positionOf('', body, Y))[0]).toBe('/div/text()[2].1');
  });

  it('that are missing or no style sheets do no harm', async () => {
    const head = '<link rel="stylesheet" href="gone.css"/><link rel="stylesheet" href="http://a/b.css"/>';
    expect((await positionOf('\u0000{{{;;@import', BODY, Y, head))[1]).toBe('exact');
  });

  it('are read in lists of any length', async () => {
    const others = Array.from({ length: 1000 }, (_, index) => `.another-${index}`).join();
    expect(others.length).toBeGreaterThan(8192);
    expect(await displayOfSpans(`${others} { display: block }`)).toBe('inline');
    expect(await displayOfSpans(`${others}, span { display: block }`)).toBe('block');
    expect(await displayOfSpans(`span { display: block } ${others}, span { display: inline }`)).toBe(
      'inline',
    );
  });

  it('of thousands of rules make nothing certain', async () => {
    const css = Array.from({ length: 3000 }, (_, index) => `.c${index} { display: block }`).join('\n');
    expect((await positionOf(css, BODY, Y))[1]).toBe('element');
  });

  it.each<[string, (length: number) => string]>([
    ['spaces in a selector', (length) => `a${' '.repeat(length)}b{display:none}`],
    ['spaces before a comma', (length) => `a${' '.repeat(length)},b{display:none}`],
    ['selectors in a list', (length) => `a${',b'.repeat(length / 2)}{display:none}`],
    ['quotes in a list', (length) => `a${'"\\"'.repeat(length / 3)}{display:none}`],
    ['marks of XML', (length) => `${'<!-- '.repeat(length / 5)}a{display:none}`],
    ['semicolons', (length) => `${' ;'.repeat(length / 2)}a{display:none}`],
    ['broken declarations', (length) => `a{${';1'.repeat(length / 2)};display:none}`],
    ['brackets in each other', (length) => `${':not('.repeat(length / 5)}{display:none}`],
    [
      'lists with brackets in each other',
      (length) => `${':not('.repeat(160)}{display:none}`.repeat(length / 800),
    ],
    ['an import that never ends', (length) => `@import url(${' '.repeat(length)});a{display:none}`],
    ['open groups', (length) => '@media a{'.repeat(length / 9)],
    ['exclamation marks', (length) => `a{display:none${'! '.repeat(length / 2)}}`],
  ])('with many %s take linear time', (_, css) => {
    const shortMs = parsingMs(css(8_000));
    const longMs = parsingMs(css(64_000));
    // Linear work takes 8 times as long, quadratic work 64 times. Both are below a millisecond in most rows.
    expect(longMs).toBeLessThan(24 * shortMs + 20);
  });

  it('are not tried on an element with a list of classes of megabytes', async () => {
    const css = Array.from({ length: 1900 }, (_, index) => `.a.b.c${index} { display: block }`).join('\n');
    const classes = 'x'.repeat(1_000_000);
    const startedMs = performance.now();
    const body = BODY.replace('class="a"', `class="a b ${classes}"`);
    expect((await positionOf(css, body, Y))[1]).toBe('element');
    expect(performance.now() - startedMs).toBeLessThan(5000);
  });

  it('are read for what matters only', () => {
    const { rules } = parseStyleSheet(
      'p { color: red; } a, b { display: block; } @font-face { src: url(x) }',
    );
    expect(rules.map(({ selector }) => selector.subject.name)).toEqual(['a', 'b']);
  });
});
