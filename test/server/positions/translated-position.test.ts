import { rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { positionLines } from '../../../server/positions/translation/position-lines.js';
import { createTranslator } from '../../../server/positions/translation/translator.js';
import { Work } from '../../../server/positions/work.js';
import { chapterPath, makeBookFolder, makeEpub, xhtml } from '../../support/epub.js';
import { chapterUnderTest, translated } from '../../support/one-chapter.js';

const folder = makeBookFolder();
afterAll(() => folder.remove());

const NAVIGATION = xhtml(
  '<nav epub:type="landmarks"><ol><li><a href="text/1.xhtml">Landmark</a></li></ol></nav><nav epub:type="toc"><ol>' +
    '<li><a href="text/1.xhtml">Part <em>one</em></a><ol><li><a href="text/1.xhtml#s2">Section &amp; two</a></li></ol></li>' +
    '<li><a href="text/3.xhtml#x%20y">Three</a></li><li><a href="http://a/b">Away</a></li></ol></nav>',
);
const NCX =
  '<ncx><navMap><navPoint><navLabel><text>From NCX</text></navLabel><content src="text/2.xhtml"/></navPoint></navMap></ncx>';

const CHAPTERS = [
  { content: xhtml('<h1>A</h1><p>one two three</p><h2 id="s2">B</h2><p>four <b>five</b> six seven</p>') },
  { content: xhtml('<p>second</p>') },
  { content: xhtml('<p>before</p><p id="x y">after</p>') },
];

/** Counts the books, chapters and translations that are begun. */
class CountedWork extends Work {
  begins = 0;

  override begin(): void {
    this.begins += 1;
    super.begin();
  }
}

describe('everything that is told of a place', () => {
  const path = folder.write(makeEpub({ chapters: CHAPTERS, navigation: NAVIGATION, ncx: NCX }));
  const translator = createTranslator({ cacheBytes: 1024 * 1024 });
  const at = async (xpointer: string) => translated(await translator.translateXpointer({ path }, xpointer));

  it('goes together', async () => {
    expect(await at('/body/DocFragment[1]/body/p[2]/text()[2].1')).toEqual({
      state: 'translated',
      xpointer: '/body/DocFragment[1]/body/p[2]/text()[2].1',
      xpointerConfidence: 'exact',
      cfi: 'epubcfi(/6/2!/4/8/3:1)',
      cfiConfidence: 'exact',
      epubJsCfi: 'epubcfi(/6/2!/4/8/3:1)',
      locator: {
        href: 'OPS/text/1.xhtml',
        type: 'application/xhtml+xml',
        title: 'Section & two',
        locations: {
          progression: 25 / 34,
          totalProgression: expect.closeTo(0.3, 1),
          cssSelector: 'body > p:nth-child(4)',
          partialCfi: '/4/8/3:1',
        },
        text: { before: 'A one two three B four five ', highlight: 'six', after: ' seven' },
      },
      percentage: expect.closeTo(0.3, 1),
      chapterPercentage: 25 / 34,
      chapterTitle: 'Section & two',
      spineIndex: 0,
      textBefore: 'A one two three B four five ',
      textAfter: 'six seven',
      chapterProblem: undefined,
    });
  });

  it('has the title of the last line before the place', async () => {
    const titles = await Promise.all(
      [
        '/body/DocFragment[1]/body/h1/text().0',
        '/body/DocFragment[1]/body/p[1]/text().5',
        '/body/DocFragment[1]/body/h2/text().0',
        '/body/DocFragment[2]/body/p/text().0',
        '/body/DocFragment[3]/body/p[1]/text().0',
        '/body/DocFragment[3]/body/p[2]/text().0',
      ].map(async (xpointer) => (await at(xpointer)).chapterTitle),
    );
    expect(titles).toEqual([
      'Part one',
      'Part one',
      'Section & two',
      'Section & two',
      'Section & two',
      'Three',
    ]);
  });

  it('has the titles of an NCX where there is no navigation document', async () => {
    const other = folder.write(makeEpub({ chapters: CHAPTERS, ncx: NCX }));
    const titles = await Promise.all(
      [1, 2, 3].map(async (number) => {
        const position = await translator.translateXpointer(
          { path: other },
          `/body/DocFragment[${number}].0`,
        );
        return translated(position).chapterTitle;
      }),
    );
    expect(titles).toEqual([undefined, 'From NCX', 'From NCX']);
  });

  it('has 32 characters on each side, not more, and none cut in two', async () => {
    const body = `<p>${'😀'.repeat(50)}</p><p>x\n\n y<br/>z${'𝒜'.repeat(50)}</p>`;
    const chapter = chapterUnderTest(folder, body);
    const position = await chapter.forward('/body/DocFragment[1]/body/p[2]/text()[1].2');
    expect(position.textBefore).toBe(`${'😀'.repeat(29)} x `);
    expect(position.textAfter).toBe(`y z${'𝒜'.repeat(29)}`);
    expect(position.locator.text.highlight).toBe('y');
  });

  it('grows with the place, from 0 to 1', async () => {
    const fractions: number[] = [];
    for (const fragment of [1, 2, 3]) {
      for (const offset of [0, 3]) {
        const xpointer = `/body/DocFragment[${fragment}]/body/p[1]/text().${offset}`;
        fractions.push((await at(xpointer)).percentage);
      }
    }
    expect(fractions.toSorted((a, b) => a - b)).toEqual(fractions);
    expect((await at('/body/DocFragment[1].0')).percentage).toBe(0);
    expect((await at('/body/DocFragment[3]/body/p[2]/text().5')).percentage).toBe(1);
    const last = translated(await translator.translatePercentage({ path }, 1));
    expect(last.xpointer).toBe('/body/DocFragment[3]/body/p[2]/text().5');
    const first = translated(await translator.translatePercentage({ path }, 0));
    expect(first.xpointer).toBe('/body/DocFragment[1]/body/h1/text().0');
    for (const odd of [Number.NaN, -1, 7, Number.POSITIVE_INFINITY]) {
      expect(translated(await translator.translatePercentage({ path }, odd)).xpointerConfidence).toBe(
        'percentage',
      );
    }
  });

  it('can be printed', async () => {
    expect(positionLines(await at('/body/DocFragment[1]/body/p[2]/text()[2].1'))).toEqual([
      'KOReader    /body/DocFragment[1]/body/p[2]/text()[2].1  (exact)',
      'EPUB CFI    epubcfi(/6/2!/4/8/3:1)  (exact)',
      'File        OPS/text/1.xhtml',
      'Element     body > p:nth-child(4)',
      'Chapter     Section & two',
      'In chapter  73.53 %',
      expect.stringMatching(/^In book {5}\d\d\.\d\d %$/),
      'Text        A one two three B four five |six seven',
    ]);
    expect(positionLines({ state: 'untranslatable', reason: 'outside-the-book' })).toEqual([
      'the book has no such chapter',
    ]);
  });
});

describe('locators', () => {
  const body =
    '<h1 id="top">Title</h1><p>It was a dark night.</p><div class="c"><p>It was a dark night.</p><p>Two &amp; more</p></div>';
  const chapter = chapterUnderTest(folder, body);
  const find = async (locator: object, href = chapterPath(1)) => {
    const position = translated(await chapter.translator.translateLocator(chapter, { href, ...locator }));
    return [position.cfi.replace('epubcfi(/6/2!', ''), position.cfiConfidence];
  };

  it.each([
    [{ locations: { partialCfi: '/4/4/1:3' } }, '/4/4/1:3)', 'exact'],
    [{ text: { before: 'Two &', highlight: 'more' } }, '/4/6/4/1:6)', 'exact'],
    // Other white space, as another toolkit writes it.
    [
      { text: { before: 'It was a dark\n night.Two', highlight: ' & ', after: 'more' } },
      '/4/6/4/1:4)',
      'exact',
    ],
    [{ text: { highlight: 'dark' }, locations: { progression: 0.6 } }, '/4/6/2/1:9)', 'clamped'],
    [{ text: { highlight: 'dark' }, locations: { progression: 0.2 } }, '/4/4/1:9)', 'clamped'],
    [{ text: { highlight: 'dark' } }, '/4)', 'fragment'],
    [{ text: { highlight: 'bright' } }, '/4)', 'fragment'],
    [{ text: { highlight: 'It' } }, '/4)', 'fragment'],
    [{ locations: { cssSelector: 'body > div:nth-child(3) > p:nth-child(2)' } }, '/4/6/4)', 'element'],
    [{ locations: { cssSelector: 'div > p' } }, '/4)', 'fragment'],
    [{ locations: { cssSelector: 'body > p:nth-of-type(1)' } }, '/4/4)', 'element'],
    [{ locations: { cssSelector: 'h1#top' } }, '/4/2[top])', 'element'],
    [{ locations: { fragments: ['nothing', 'top'] } }, '/4/2[top])', 'element'],
    [{ locations: { progression: 0 } }, '/4/2[top]/1:0)', 'percentage'],
    [{ locations: { progression: 1 } }, '/4/6/4/1:10)', 'percentage'],
    [{ locations: { partialCfi: '/4/90/1:3', progression: 0 } }, '/4/2[top]/1:0)', 'percentage'],
    [{}, '/4)', 'fragment'],
  ])('%j is %s, %s', async (locator, cfi, confidence) => {
    const [found, how] = await find(locator);
    if (confidence !== 'percentage' || cfi !== '/4/6/4/1:10)') expect(found).toBe(cfi);
    else expect(found?.startsWith('/4/6/4/1:')).toBe(true);
    expect(how).toBe(confidence);
  });

  it.each(['/OPS/text/1.xhtml', 'text/1.xhtml', 'OPS/text/%31.xhtml#top'])(
    '%s is the same chapter',
    async (href) => {
      expect(await find({ locations: { partialCfi: '/4/4/1:3' } }, href)).toEqual(['/4/4/1:3)', 'exact']);
    },
  );

  it('of another book are not translated, or by their fraction of it', async () => {
    const { translator } = chapter;
    expect((await translator.translateLocator(chapter, { href: 'other.xhtml' })).state).toBe(
      'untranslatable',
    );
    const position = await translator.translateLocator(chapter, {
      href: 'other.xhtml',
      locations: { totalProgression: 0.5 },
    });
    expect(translated(position).cfiConfidence).toBe('percentage');
  });

  it('name an element by its id only if no other has it', async () => {
    const twice = chapterUnderTest(folder, '<p id="a">x</p><p id="a">y</p><div id="b"><p>z</p></div>');
    const selectors = await Promise.all(
      ['p[2]/text().0', 'div/p/text().0'].map(async (xpointer) => {
        const position = await twice.forward(`/body/DocFragment[1]/body/${xpointer}`);
        return position.locator.locations.cssSelector;
      }),
    );
    expect(selectors).toEqual(['body > p:nth-child(2)', '#b > p:nth-child(1)']);
  });

  it('come back from the place that they were made of', async () => {
    for (const xpointer of ['p/text().4', 'div/p[1]/text().4', 'div/p[2]/text().6', 'h1/text().0']) {
      const position = await chapter.forward(`/body/DocFragment[1]/body/${xpointer}`);
      const { partialCfi: _, ...locations } = position.locator.locations;
      const back = await chapter.translator.translateLocator(chapter, { ...position.locator, locations });
      expect([xpointer, translated(back).cfi]).toEqual([xpointer, position.cfi]);
    }
  });
});

function markup(declaration: string): string {
  return `${declaration}${xhtml('<p>naïve “quoted” Ελλάδα</p>')}`;
}

describe('encodings', () => {
  const latin = `<?xml version="1.0" encoding="windows-1252"?>${xhtml('<p>naïve “quoted”</p>')}`;
  const cp1252 = Buffer.from(latin.replaceAll('“', '\u0093').replaceAll('”', '\u0094'), 'latin1');
  const big = Buffer.from(markup('<?xml version="1.0" encoding="utf-16"?>'), 'utf16le').swap16();

  it.each([
    ['UTF-8', Buffer.from(markup(''))],
    ['UTF-8 with a mark', Buffer.from(`\uFEFF${markup('<?xml version="1.0" encoding="utf-8"?>')}`)],
    ['UTF-8 that says to be UTF-16', Buffer.from(markup('<?xml version="1.0" encoding="utf-16"?>'))],
    ['an encoding that nobody knows', Buffer.from(markup('<?xml version="1.0" encoding="martian"?>'))],
    ['UTF-16 with a mark', Buffer.from(`\uFEFF${markup('')}`, 'utf16le')],
    ['UTF-16 without a mark', Buffer.from(markup('<?xml version="1.0"?>'), 'utf16le')],
    ['UTF-16, the other byte order', Buffer.concat([Buffer.from([0xfe, 0xff]), big])],
    ['UTF-16, the other byte order, without a mark', big],
    ['Windows 1252', cp1252],
  ])('%s', async (_, content) => {
    const path = folder.write(makeEpub({ chapters: [{ content }, CHAPTERS[1] ?? {}] }));
    const translator = createTranslator({ cacheBytes: 0 });
    const position = translated(
      await translator.translateXpointer({ path }, '/body/DocFragment[1]/body/p/text().7'),
    );
    expect([position.cfi, position.textBefore]).toEqual(['epubcfi(/6/2!/4/2/1:7)', 'naïve “']);
    expect(position.textAfter.startsWith('quoted”')).toBe(true);
  });
});

describe('the cache', () => {
  const POINTER = '/body/DocFragment[1]/body/p[1]/text().0';

  it('gives the same again, without reading', async () => {
    const path = folder.write(makeEpub({ chapters: CHAPTERS }));
    const work = new CountedWork();
    const translator = createTranslator({ cacheBytes: 1024 * 1024, work });
    const first = await translator.translateXpointer({ path }, POINTER);
    expect(translator.cachedBytes).toBeGreaterThan(1000);
    const firstBegins = work.begins;
    expect(await translator.translateXpointer({ path }, POINTER)).toEqual(first);
    // Reading the chapter begins twice more.
    expect(work.begins - firstBegins).toBe(firstBegins - 2);
  });

  it('notices a change behind the same size and time', async () => {
    const path = folder.write(makeEpub({ chapters: CHAPTERS }));
    const translator = createTranslator({ cacheBytes: 1024 * 1024 });
    utimesSync(path, 1000, 1000);
    await translator.translateXpointer({ path }, POINTER);
    const { size } = statSync(path);
    writeFileSync(path, Buffer.alloc(size));
    utimesSync(path, 1000, 1000);
    await expect(translator.translateXpointer({ path }, POINTER)).rejects.toMatchObject({
      code: 'not-a-zip',
    });
    rmSync(path);
    await expect(translator.translateXpointer({ path }, POINTER)).rejects.toMatchObject({
      code: 'unreadable',
    });
  });

  it('notices that the file is another one', async () => {
    const path = folder.write(makeEpub({ chapters: CHAPTERS }));
    const translator = createTranslator({ cacheBytes: 1024 * 1024 });
    expect(translated(await translator.translateXpointer({ path }, POINTER)).textAfter).toMatch(/^one/);
    writeFileSync(
      path,
      makeEpub({ chapters: [{ content: xhtml('<p>changed entirely</p>') }, { content: xhtml('<p/>') }] }),
    );
    expect(translated(await translator.translateXpointer({ path }, POINTER)).textAfter).toMatch(/^changed/);
  });

  it('stays within its bound, and works without any', async () => {
    const chapters = Array.from({ length: 30 }, (_, index) => ({
      content: xhtml(`<p>${`${index} `.repeat(5000)}</p>`),
    }));
    const path = folder.write(makeEpub({ chapters }));
    for (const cacheBytes of [0, 100_000]) {
      const translator = createTranslator({ cacheBytes });
      for (let number = 1; number <= 30; number += 1) {
        await translator.translateXpointer({ path }, `/body/DocFragment[${number}]/body/p/text().3`);
        expect(translator.cachedBytes).toBeLessThanOrEqual(Math.max(1, cacheBytes));
      }
    }
  });
});
