import { afterAll, describe, expect, it } from 'vitest';
import { formatSteps, parseCfi } from '../../../server/positions/cfi.js';
import { createTranslator } from '../../../server/positions/translation/translator.js';
import { makeBookFolder, makeEpub, xhtml } from '../../support/epub.js';
import { chapterUnderTest, translated } from '../../support/one-chapter.js';

const folder = makeBookFolder();
afterAll(() => folder.remove());
const BODY = '/body/DocFragment[1]/body';

describe('the grammar of CFIs', () => {
  it.each([
    '',
    'epubcfi()',
    'epubcfi(/6/4!/4/2/1:0',
    'epubcfi(6/4)',
    'epubcfi(/6/4!4)',
    'epubcfi(/6/4!/4:x)',
    'epubcfi(/6/4,/2)',
    'epubcfi(/6/4!/4,/2,/4,/6)',
    'epubcfi(/6/4[a)',
    'epubcfi(/6//4)',
    'epubcfi(/6/4!/4/2/1:0)x',
  ])('%j is none', (text) => {
    expect(parseCfi(text)).toBeUndefined();
  });

  it('escapes and unescapes', () => {
    const id = 'a^[b](c),d;e=f';
    expect(formatSteps([{ index: 4, id }])).toBe('/4[a^^^[b^]^(c^)^,d^;e^=f]');
    expect(parseCfi(`epubcfi(/6/2!${formatSteps([{ index: 4, id }])})`)?.contentSteps).toEqual([
      { index: 4, id },
    ]);
  });

  it('takes the start of a range', () => {
    const cfi = parseCfi('epubcfi(/6/1266!/4,/76,/88/1:85)');
    expect(cfi?.packageSteps[1]?.index).toBe(1266);
    expect(cfi?.contentSteps.map(({ index }) => index)).toEqual([4, 76]);
    expect(cfi?.isRange).toBe(true);
  });

  it('reads assertions, side bias and offsets in media', () => {
    expect(parseCfi('epubcfi(/6/4[c]!/4/2[p;x=1]/1:3[xx,y;s=b])')).toMatchObject({
      contentSteps: [
        { index: 4, id: undefined },
        { index: 2, id: 'p' },
        { index: 1, id: undefined },
      ],
      offsetUnits: 3,
      textBefore: 'xx',
      textAfter: 'y',
    });
    expect(parseCfi('epubcfi(/6/4!/4/2~23.5@5.75:97.6)')?.contentSteps).toHaveLength(2);
  });

  it('splits at no character inside of an id', () => {
    expect(parseCfi('epubcfi(/6/4[a,b!c]!/4/2[d,e]/1:0)')?.contentSteps[1]?.id).toBe('d,e');
  });
});

describe('foliate-js', () => {
  const text = '/4[body01]/10[para05]/3:10';

  it.each([
    ['<p id="para05">xxx<em>yyy</em>0123456789</p>'],
    ['<p id="para05">xxx<em>yyy</em>01234<!-- c --><![CDATA[567]]>89</p>'],
  ])('its path to the end of %s comes back', async (paragraph) => {
    const document = xhtml(`<p/><p/><p/><p/>${paragraph}`).replace('<body>', '<body id="body01">');
    const path = folder.write(makeEpub({ chapters: [{ content: document, itemrefAttributes: ' id="r1"' }] }));
    const translator = createTranslator({ cacheBytes: 0 });
    const position = translated(await translator.translateCfi({ path }, `epubcfi(/6/2[r1]!${text})`));
    expect(position.xpointerConfidence).toBe('exact');
    const forward = translated(await translator.translateXpointer({ path }, position.xpointer));
    expect([forward.cfi, forward.cfiConfidence]).toEqual([`epubcfi(/6/2[r1]!${text})`, 'exact']);
  });
});

describe('epub.js, which counts text nodes', () => {
  const chapter = chapterUnderTest(
    folder,
    '<p><span id="page_8"/>We live in the woods.</p><p>a<b>c</b>d</p>',
    8,
  );

  it('is understood where its CFI makes no sense otherwise', async () => {
    const position = await chapter.back('epubcfi(/6/16!/4/2/1:8)');
    expect([position.xpointer, position.xpointerConfidence]).toEqual([
      '/body/DocFragment[8]/body/p[1]/text().8',
      'exact',
    ]);
    expect(position.epubJsCfi).toBe('epubcfi(/6/16!/4/2/1:8)');
    expect(position.cfi).toBe('epubcfi(/6/16!/4/2/3:8)');
  });

  it('is not understood where the caller says that it is not epub.js', async () => {
    const translation = await chapter.translator.translateCfi(chapter, 'epubcfi(/6/16!/4/2/1:8)', {
      dialect: 'spec',
    });
    expect(translated(translation).xpointerConfidence).toBe('element');
  });

  it('is taken at its word where the caller says so', async () => {
    const book = chapterUnderTest(folder, '<p><i/>one<b/>two</p>');
    const asSpec = await book.back('epubcfi(/6/2!/4/2/3:1)');
    expect(asSpec.textAfter).toBe('netwo');
    const asEpubJs = await book.translator.translateCfi(book, 'epubcfi(/6/2!/4/2/3:1)', {
      dialect: 'epub.js',
    });
    expect(translated(asEpubJs).textAfter).toBe('wo');
  });

  it('gets no ids that it would split at', async () => {
    const book = chapterUnderTest(folder, '<p id="a:b">x</p>');
    const position = await book.forward(`${BODY}/p/text().0`);
    expect([position.cfi, position.epubJsCfi]).toEqual([
      'epubcfi(/6/2!/4/2[a:b]/1:0)',
      'epubcfi(/6/2!/4/2/1:0)',
    ]);
  });
});

describe('CFIs that do not fit', () => {
  const chapter = chapterUnderTest(folder, '<p id="a">first 😀 x</p><p id="b">second<i>x</i></p>');

  it.each([
    // The position counts. The wrong id lowers the confidence.
    ['/4/2[b]/1:3', `${BODY}/p[1]/text().3`, 'clamped'],
    ['/4/2[gone]/1:3', `${BODY}/p[1]/text().3`, 'clamped'],
    // There is no such position, so the id counts.
    ['/4/20[b]/1:3', `${BODY}/p[2]/text().3`, 'clamped'],
    ['/4/20/1:3', '/body/DocFragment[1].0', 'fragment'],
    ['/4/2/4/1:3', `${BODY}/p[1].0`, 'element'],
    ['/4/2/1:99', `${BODY}/p[1]/text().9`, 'clamped'],
    ['/4/4/3:5', `${BODY}/p[2].2`, 'element'],
    ['/4/2/1/2:0', `${BODY}/p[1].0`, 'element'],
    ['/4/2:0', `${BODY}/p[1].0`, 'exact'],
    ['/4/2:7', `${BODY}/p[1].0`, 'element'],
    // The middle of a surrogate pair means its character.
    ['/4/2/1:7', `${BODY}/p[1]/text().6`, 'exact'],
    ['/4/2/1', `${BODY}/p[1]/text().0`, 'exact'],
    ['/4/2/1:3[fir,st]', `${BODY}/p[1]/text().3`, 'exact'],
    ['/4/2/1:3[sec,ond]', `${BODY}/p[1]/text().3`, 'clamped'],
    ['/4/0', '/body/DocFragment[1].0', 'exact'],
    ['/4/6', `${BODY}.2`, 'exact'],
    ['/4/4/3:0', `${BODY}/p[2].2`, 'exact'],
    ['/2/2/1:0', `${BODY}/p[1]/text().0`, 'clamped'],
    ['', '/body/DocFragment[1].0', 'exact'],
    ['/4/2/1:3!/4/2', `${BODY}/p[1]/text().3`, 'element'],
  ])('%s is %s, %s', async (path, xpointer, confidence) => {
    const position = await chapter.back(`epubcfi(/6/2!${path})`);
    expect([position.xpointer, position.xpointerConfidence]).toEqual([xpointer, confidence]);
    expect(await chapter.translator.isResolvable(chapter, position.xpointer)).toBe(true);
  });

  it.each(['epubcfi(/6/90!/4/2/1:0)', 'epubcfi(/2/2!/4)', 'epubcfi(/6)'])(
    '%s is in no chapter',
    async (cfi) => {
      expect(await chapter.translator.translateCfi(chapter, cfi)).toEqual({
        state: 'untranslatable',
        reason: 'outside-the-book',
      });
    },
  );

  it('finds an itemref by its id where the position has none', async () => {
    const chapters = [{ content: xhtml('<p>x</p>'), itemrefAttributes: ' id="r1"' }];
    const path = folder.write(
      makeEpub({ chapters, beforeSpine: '<?x y="z"?><tours/>', spineAttributes: ' id="s"' }),
    );
    const translator = createTranslator({ cacheBytes: 0 });
    for (const cfi of [
      'epubcfi(/6/2[r1]!/4/2/1:0)',
      'epubcfi(/8/8[r1]!/4/2/1:0)',
      'epubcfi(/8/8[c1]!/4/2/1:0)',
    ]) {
      const position = translated(await translator.translateCfi({ path }, cfi));
      expect([position.cfi, position.cfiConfidence]).toEqual(['epubcfi(/8[s]/2[r1]!/4/2/1:0)', 'clamped']);
    }
    expect((await translator.translateCfi({ path }, 'epubcfi(/6/2!/4/2/1:0)')).state).toBe('untranslatable');
  });

  it('tolerates an offset on an element, as a sync server writes it', async () => {
    const headings = Array.from({ length: 17 }, (_, index) => `<h3>h${index + 1}</h3>`);
    const others = Array.from({ length: 188 }, () => '<p>p</p>');
    const book = chapterUnderTest(
      folder,
      `<div>${headings.slice(0, 16).join('')}${others.join('')}${headings[16]}</div>`,
      14,
    );
    const position = await book.back('epubcfi(/6/28!/4/2/410:0)');
    expect([position.xpointer, position.textAfter]).toEqual([
      '/body/DocFragment[14]/body/div/h3[17].0',
      'h17',
    ]);
  });
});
