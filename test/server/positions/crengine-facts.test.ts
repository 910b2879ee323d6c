import { afterAll, describe, expect, it } from 'vitest';
import { createTranslator } from '../../../server/positions/translation/translator.js';
import { makeBookFolder, makeEpub, xhtml } from '../../support/epub.js';
import { chapterUnderTest, translated } from '../../support/one-chapter.js';

const folder = makeBookFolder();
afterAll(() => folder.remove());
const BODY = '/body/DocFragment[1]/body';

/** Probed in KOReader: `<X>\n<span>x</span> y<span>z</span></X>` keeps the newline only in an inline element. */
const BLOCKS =
  'div p section article aside header footer nav main figure figcaption blockquote h1 h2 h3 h4 h5 h6 address details summary button form fieldset legend center noscript output map select optgroup hgroup dialog menu dir search canvas video';
const INLINES =
  'span a em strong small sub sup i b u s q cite abbr time mark label code kbd samp var dfn data ins del font tt big strike meter progress picture option ruby rt rb bdi bdo';

describe('white space at the start of an element', () => {
  it.each(BLOCKS.split(' '))('is dropped in %s', async (name) => {
    const chapter = chapterUnderTest(folder, `<${name}>\n<span>x</span> y<span>z</span></${name}>`);
    const position = await chapter.forward(`${BODY}/${name}/text().1`);
    expect([position.textAfter[0], position.cfi]).toEqual(['y', 'epubcfi(/6/2!/4/2/3:1)']);
    expect((await chapter.back(position.cfi)).xpointer).toBe(`${BODY}/${name}/text().1`);
  });

  it.each(INLINES.split(' '))('is kept in %s', async (name) => {
    const chapter = chapterUnderTest(folder, `<${name}>\n<span>x</span> y<span>z</span></${name}>`);
    const position = await chapter.forward(`${BODY}/${name}/text()[2].1`);
    expect([position.textAfter[0], position.cfi]).toEqual(['y', 'epubcfi(/6/2!/4/2/3:1)']);
  });
});

describe('texts of more than 8192 characters', () => {
  const words = chapterUnderTest(folder, `<p>${'abcdefghi '.repeat(1000)}</p>`);

  it.each([
    ['text()[1].8189', '/1:8189'],
    ['text()[2].0', '/1:8190'],
    ['text()[2].1809', '/1:9999'],
  ])('are cut after a space: %s is %s', async (xpointer, cfi) => {
    expect((await words.forward(`${BODY}/p/${xpointer}`)).cfi).toBe(`epubcfi(/6/2!/4/2${cfi})`);
    expect((await words.back(`epubcfi(/6/2!/4/2${cfi})`)).xpointer).toBe(`${BODY}/p/${xpointer}`);
  });

  it('end where they are cut', async () => {
    expect(await words.translator.isResolvable({ path: words.path }, `${BODY}/p/text()[1].8190`)).toBe(true);
    expect(await words.translator.isResolvable({ path: words.path }, `${BODY}/p/text()[1].8191`)).toBe(false);
    const past = await words.forward(`${BODY}/p/text()[1].8191`);
    expect([past.cfi, past.cfiConfidence]).toEqual(['epubcfi(/6/2!/4/2/1:8190)', 'clamped']);
  });

  it('are left whole up to 8192 without a space', async () => {
    const chapter = chapterUnderTest(folder, `<p>${'x'.repeat(8192)}</p>`);
    expect((await chapter.back('epubcfi(/6/2!/4/2/1:8191)')).xpointer).toBe(`${BODY}/p/text().8191`);
    const astral = chapterUnderTest(folder, `<p>${'😀 '.repeat(4000)}</p>`);
    expect((await astral.back('epubcfi(/6/2!/4/2/1:11997)')).xpointer).toBe(`${BODY}/p/text().7998`);
  });
});

describe('points on elements', () => {
  const blocks = chapterUnderTest(folder, '<div>\n<p>a</p> <p>b</p></div>');
  const mixed = chapterUnderTest(folder, '<div><p>a</p> <em>x</em> <em>y</em> <p>b</p></div>');

  it('count the blocks that crengine keeps', async () => {
    expect((await blocks.forward(`${BODY}/div.1`)).cfi).toBe('epubcfi(/6/2!/4/2/4)');
    const end = await blocks.forward(`${BODY}/div.2`);
    expect([end.xpointer, end.xpointerConfidence]).toEqual([`${BODY}/div.2`, 'exact']);
    expect(await blocks.translator.isResolvable(blocks, `${BODY}/div.2`)).toBe(true);
    expect(await blocks.translator.isResolvable(blocks, `${BODY}/div.3`)).toBe(false);
  });

  it('count a run of text as one', async () => {
    expect((await mixed.forward(`${BODY}/div.1`)).cfi).toBe('epubcfi(/6/2!/4/2/4)');
    expect((await mixed.forward(`${BODY}/div.2`)).cfi).toBe('epubcfi(/6/2!/4/2/8)');
    expect(await mixed.translator.isResolvable(mixed, `${BODY}/div.3`)).toBe(true);
    expect(await mixed.translator.isResolvable(mixed, `${BODY}/div.4`)).toBe(false);
  });

  it('have the text and the percentage of their own place', async () => {
    const chapter = chapterUnderTest(folder, '<div><p>12345</p><div id="x"/></div><p>67890</p>');
    const end = await chapter.forward(`${BODY}/div.2`);
    expect([end.textBefore, end.textAfter.trim(), end.chapterPercentage]).toEqual(['12345', '67890', 0.5]);
    const inside = await chapter.forward(`${BODY}/div/p.1`);
    expect([inside.textBefore, inside.textAfter.trim(), inside.chapterPercentage]).toEqual([
      '12345',
      '67890',
      0.5,
    ]);
  });

  it('leave one space between two inline elements', async () => {
    const space = await mixed.forward(`${BODY}/div/text().0`);
    expect([space.cfi, space.cfiConfidence]).toEqual(['epubcfi(/6/2!/4/2/5:0)', 'exact']);
    expect(await mixed.translator.isResolvable(mixed, `${BODY}/div/text()[2].0`)).toBe(false);
  });
});

describe('other rules', () => {
  it('leave an empty text at the start of pre', async () => {
    const chapter = chapterUnderTest(folder, '<pre>\n<span>x</span> y</pre>');
    expect(await chapter.translator.isResolvable(chapter, `${BODY}/pre/text()[1].0`)).toBe(true);
    expect(await chapter.translator.isResolvable(chapter, `${BODY}/pre/text()[1].1`)).toBe(false);
    expect((await chapter.forward(`${BODY}/pre/text()[2].1`)).textAfter).toBe('y');
  });

  it('keep three spaces around one that is written as a reference', async () => {
    const chapter = chapterUnderTest(folder, '<p>a &#32; b</p>');
    expect((await chapter.forward(`${BODY}/p/text().4`)).cfi).toBe('epubcfi(/6/2!/4/2/1:4)');
    expect((await chapter.back('epubcfi(/6/2!/4/2/1:4)')).xpointer).toBe(`${BODY}/p/text().4`);
  });

  it('put what follows an unclosed br into it', async () => {
    const chapter = chapterUnderTest(folder, '<p>a<br>bc</p><p>d</p>');
    const position = await chapter.forward(`${BODY}/p[1]/br/text().1`);
    expect([position.textAfter.slice(0, 1), position.cfi]).toEqual(['c', 'epubcfi(/6/2!/4/2/3:1)']);
  });

  it('number former books by their XHTML files alone', async () => {
    const chapters = [
      { content: '<svg xmlns="http://www.w3.org/2000/svg"/>', mediaType: 'image/svg+xml' },
      { content: xhtml('<p>first</p>') },
      { content: xhtml('<div>second</div>') },
    ];
    const path = folder.write(makeEpub({ chapters }));
    const translator = createTranslator({ cacheBytes: 0 });
    const now = translated(
      await translator.translateXpointer({ path }, '/body/DocFragment[3]/body/div/text().0'),
    );
    expect([now.cfi, now.cfiConfidence]).toEqual(['epubcfi(/6/6!/4/2/1:0)', 'exact']);
    const former = translated(
      await translator.translateXpointer({ path }, '/body/DocFragment[2]/body/div/text().0'),
    );
    expect([former.cfi, former.cfiConfidence]).toEqual(['epubcfi(/6/6!/4/2/1:0)', 'element']);
  });

  it('number itemrefs that the manifest does not have in CFIs only', async () => {
    const chapters = [
      { isDangling: true },
      { content: xhtml('<p>first</p>'), itemrefAttributes: ' linear="no"' },
    ];
    const path = folder.write(makeEpub({ chapters }));
    const translator = createTranslator({ cacheBytes: 0 });
    const position = translated(
      await translator.translateXpointer({ path }, '/body/DocFragment/body/p/text().0'),
    );
    expect([position.cfi, position.xpointer]).toEqual([
      'epubcfi(/6/4!/4/2/1:0)',
      '/body/DocFragment/body/p/text().0',
    ]);
    const dangling = translated(await translator.translateCfi({ path }, 'epubcfi(/6/2!/4/2/1:0)'));
    expect([dangling.xpointer, dangling.xpointerConfidence, dangling.chapterProblem]).toEqual([
      '/body/DocFragment.0',
      'fragment',
      'chapter-missing',
    ]);
  });

  it('lead links to the last element of an id', async () => {
    const chapter = chapterUnderTest(folder, '<p id="a">x</p><p><a name="b"/>y</p><h2 id="a">z</h2>', 3);
    const link = await chapter.forward('#_doc_fragment_2_ a');
    expect([link.textAfter, link.xpointer, link.xpointerConfidence]).toEqual([
      'z',
      '/body/DocFragment[3]/body/h2.0',
      'exact',
    ]);
    expect((await chapter.forward('#_doc_fragment_2_ b')).textAfter.startsWith('y')).toBe(true);
    const file = await chapter.forward('#_doc_fragment_2');
    expect([file.xpointer, file.cfi, file.cfiConfidence]).toEqual([
      '/body/DocFragment[3].0',
      'epubcfi(/6/6!/4)',
      'exact',
    ]);
    expect((await chapter.forward('#_doc_fragment_2_ nowhere')).cfiConfidence).toBe('fragment');
  });

  it('are not certain of pointers with the boxes of former versions', async () => {
    const chapter = chapterUnderTest(folder, '<div>text<p>a</p></div>');
    const position = await chapter.forward(`${BODY}/div/autoBoxing/text().2`);
    expect([position.cfi, position.cfiConfidence]).toEqual(['epubcfi(/6/2!/4/2/1:2)', 'element']);
  });
});

it('reads the numbers 128 to 159 as characters of code page 1252, as crengine does', async () => {
  const chapter = chapterUnderTest(folder, '<p>a&#147;b&#129;</p>');
  const position = await chapter.forward(`${BODY}/p/text().1`);
  expect(position.textAfter.slice(0, 2)).toBe('“b');
});

describe('what is not displayed', () => {
  it('ends a run of text between blocks, with the space beside it', async () => {
    const chapter = chapterUnderTest(
      folder,
      '<div><p>a</p><em>b</em> <span epub:type="pagebreak"/> <em>c</em>d</div>',
    );
    const position = await chapter.back('epubcfi(/6/2!/4/2/9:0)');
    expect([position.xpointer, position.xpointerConfidence, position.textAfter]).toEqual([
      `${BODY}/div/text().0`,
      'exact',
      'd',
    ]);
  });

  it('is never where KOReader is sent', async () => {
    const chapter = chapterUnderTest(folder, '<p>a<span hidden="">secret</span>b</p>');
    const inside = await chapter.back('epubcfi(/6/2!/4/2/2/1:2)');
    expect([inside.xpointer, inside.xpointerConfidence]).toEqual([`${BODY}/p/text()[2].0`, 'clamped']);
    const element = await chapter.back('epubcfi(/6/2!/4/2/2)');
    expect(element.xpointer).toBe(`${BODY}/p/text()[2].0`);
  });
});

describe('where the rules leave white space open', () => {
  it.each([
    ['<math><mi>x</mi><mo> + </mo></math>', '/4/2/4/1:1', '/math'],
    ['<div style="display: run-in"><p>a</p> <i>b</i> c</div>', '/4/2/5:1', '/div'],
  ])('%s: the element at %s', async (body, cfi, xpointer) => {
    const chapter = chapterUnderTest(folder, `<p>0</p>${body}`);
    const position = await chapter.back(`epubcfi(/6/2!${cfi.replace('/4/2', '/4/4')})`);
    const expected = xpointer.replace(/^\/p\b/, '/p[2]');
    expect([position.xpointer.replace(/\.0$/, ''), position.xpointerConfidence]).toEqual([
      `${BODY}${expected}`,
      'element',
    ]);
  });
});

it('writes names in lower case, except in drawings', async () => {
  const chapter = chapterUnderTest(folder, '<svg><linearGradient/></svg><P>x</P><svg/><P>y</P>');
  expect((await chapter.forward(`${BODY}/p[2]/text().0`)).textAfter).toBe('y');
  expect((await chapter.forward(`${BODY}/svg[1]/linearGradient.0`)).cfiConfidence).toBe('exact');
});

it('keeps the texts of drawings that are drawn', async () => {
  const chapter = chapterUnderTest(folder, '<p><svg>stray<g>stray</g><text>drawn  text</text></svg></p>');
  for (const [path, isThere] of [
    ['svg/text().0', false],
    ['svg/g/text().0', false],
    ['svg/text/text().7', true],
    ['svg.0', true],
  ] as const) {
    expect([path, await chapter.translator.isResolvable(chapter, `${BODY}/p/${path}`)]).toEqual([
      path,
      isThere,
    ]);
  }
});
