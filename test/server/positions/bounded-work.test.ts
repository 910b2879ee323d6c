import { writeFileSync } from 'node:fs';
import yauzl from 'yauzl';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { BookError } from '../../../server/positions/book-error.js';
import { parseAsCrengine } from '../../../server/positions/crengine/crengine-parser.js';
import { matchSelector, startMatching } from '../../../server/positions/crengine/selector-matching.js';
import { parseStyleSheet } from '../../../server/positions/crengine/style-sheet.js';
import { parseXml } from '../../../server/positions/dom/xml-parser.js';
import { bodyCounter } from '../../../server/positions/epub/body-count.js';
import type { FileReader } from '../../../server/positions/epub/file-reader.js';
import type { ZipEntry } from '../../../server/positions/epub/zip-directory.js';
import { parseSelectors } from '../../../server/positions/source/selector.js';
import { createTranslator } from '../../../server/positions/translation/translator.js';
import { Work } from '../../../server/positions/work.js';
import { answerTranslation } from '../../../server/translation/answer-translation.js';
import { chapterPath, epubFiles, type EpubOptions, makeBookFolder, xhtml } from '../../support/epub.js';
import { chapterUnderTest, translated } from '../../support/one-chapter.js';
import { makeZip, type ZipFile } from '../../support/zip.js';

const folder = makeBookFolder();
afterAll(() => folder.remove());

const IN_TEXT = '/body/DocFragment[1]/body/p/text().1';
const TEXT = '<p>text</p>';

/** Adds up all steps, where a translator begins anew for each chapter. */
class AllWork extends Work {
  #before = 0;

  get total(): number {
    return this.#before + this.steps;
  }

  override begin(): void {
    this.#before += this.steps;
    super.begin();
  }
}

interface Cost {
  readonly steps: number;
  readonly outcome: string;
}

/** Files are stored, not deflated: no compression ratio steps in before the work is done. */
function storedEpub(files: readonly ZipFile[]): Buffer {
  return makeZip(files.map((file) => ({ ...file, isStored: true })));
}

async function costOf(files: readonly ZipFile[], position = IN_TEXT): Promise<Cost> {
  const work = new AllWork();
  const translator = createTranslator({ cacheBytes: 1024 * 1024, work });
  try {
    const translation = await translator.translateXpointer(
      { path: folder.write(storedEpub(files)) },
      position,
      {
        percentage: 0.5,
      },
    );
    const { chapterProblem, xpointerConfidence } = translated(translation);
    return { steps: work.total, outcome: chapterProblem ?? xpointerConfidence };
  } catch (error) {
    if (error instanceof BookError) return { steps: work.total, outcome: error.code };
    throw error;
  }
}

function oneChapter(body: string, head = ''): EpubOptions {
  return { chapters: [{ content: xhtml(body + TEXT, head) }] };
}

function numbered(count: number, text: (number: number) => string): string {
  return Array.from({ length: count }, (_, number) => text(number)).join('');
}

const styled = (css: string, body = ''): EpubOptions => oneChapter(body, `<style>${css}</style>`);
const navigated = (list: string): EpubOptions => ({
  ...oneChapter(''),
  navigation: xhtml(`<nav epub:type="toc">${list}</nav>`),
});
const nested = (open: string, close: string, depth: number, inside: string): string =>
  open.repeat(depth) + inside + close.repeat(depth);

/** Books of a size n that have been, or could be, made to cost more than n. */
const SHAPES: Readonly<Record<string, (n: number) => EpubOptions>> = {
  'white space in a selector': (n) => styled(`a${' '.repeat(n)}b{display:none}`),
  'selectors of the greatest length': (n) => styled(`a${' '.repeat(500)}b{display:none}`.repeat(n / 500)),
  'a list of selectors': (n) => styled(`${'a,'.repeat(n)}b{display:none}`),
  'open brackets': (n) => styled(`${'('.repeat(n)}{display:none}`),
  'open strings': (n) => styled(`${'"'.repeat(n)}{display:none}`),
  'open comments': (n) => styled('/*'.repeat(n)),
  'open groups of rules': (n) => styled('@media x{'.repeat(n)),
  'open groups of rules that apply': (n) => styled('@media all{'.repeat(n)),
  'conditions of many words': (n) => styled(`@media ${'not '.repeat(n)}{p{display:none}}`),
  'strings that do not end': (n) => styled(`p::before{content:"${'\\"'.repeat(n)}}`),
  'white space between comments': (n) => oneChapter(`<div><p>x</p>${'<!----> '.repeat(n / 8)}<p>y</p></div>`),
  'bases of a ruby': (n) => oneChapter(`<ruby>${'<b>x</b> <rt>y</rt> '.repeat(n / 20)}</ruby>`),
  'parts of tables without a table': (n) =>
    oneChapter(`<div>${'<td>x</td> <tr>y</tr> z '.repeat(n / 24)}</div>`),
  'elements that are asked for their siblings': (n) =>
    styled(
      'b ~ i + b:nth-of-type(2):not([title=x]){display:block}'.repeat(20),
      '<b></b><i></i>'.repeat(n / 14),
    ),
  'declarations without an end': (n) => styled(`p{${'display:a '.repeat(n)}}`),
  'values of many words': (n) => styled(`p{display:${'a '.repeat(n)}}`),
  'marks of XML': (n) => styled(`${'<!-- '.repeat(n)}p{display:none}`),
  'rules for each element': (n) =>
    styled(
      numbered(n / 100, () => 'p{display:block}'),
      '<p> </p>'.repeat(n / 10),
    ),
  'rules with ancestors': (n) =>
    styled('z p{display:block}'.repeat(20), nested('<div>', '</div>', 100, '<p> </p>'.repeat(n / 100))),
  'selectors with many ancestors': (n) =>
    styled(`${'div '.repeat(n / 20)}p{display:block}`, nested('<div>', '</div>', 200, '<p> </p>'.repeat(20))),
  'selectors with many classes': (n) =>
    styled(
      `${numbered(n / 20, (number) => `.c${number}`)}{display:block}`.repeat(10),
      `<p class="${numbered(n / 20, (number) => `c${number} `)}"> </p>`.repeat(20),
    ),
  'classes that are asked for at each step': (n) =>
    styled(
      '.q p{display:block}'.repeat(50),
      `<div class="${'a '.repeat(n / 20)}">${'<p> </p>'.repeat(n / 20)}</div>`,
    ),
  'a start tag that is asked for at each step': (n) =>
    styled('.q b{display:none}', `<div title="${'id'.repeat(n)}">${'<b/>'.repeat(2000)}</div>`),
  'style attributes': (n) => oneChapter('<i style="display:none">x</i>'.repeat(n / 10)),
  'a long style attribute': (n) => oneChapter(`<i style="${'display:none;'.repeat(n)}">x</i>`),
  'attributes of one tag': (n) => oneChapter(`<i ${numbered(n, (number) => `a${number}="" `)}/>`),
  'attributes of one tag in bad markup': (n) =>
    oneChapter(`<br><i ${numbered(n, (number) => `a${number} `)}/>`),
  'nested elements': (n) => oneChapter(nested('<i>', '</i>', 250, 'x').repeat(n / 250)),
  'end tags without a start': (n) => oneChapter(`<br>${'</b></p>'.repeat(n / 10)}`),
  'formatting that is opened again': (n) => oneChapter(`<br>${'<b>'.repeat(4)}${'<p></b>x'.repeat(n / 100)}`),
  ampersands: (n) => oneChapter(`<br>${'&'.repeat(n)}`),
  'unknown references': (n) => oneChapter(`<br>${'&x;'.repeat(n)}`),
  references: (n) => oneChapter(`<i>${'&amp;'.repeat(n)}</i>`),
  'a document type with entities': (n) => ({
    chapters: [{ content: `<!DOCTYPE html [${'<!ENTITY a "x">'.repeat(n / 20)}]>${xhtml(TEXT)}` }],
  }),
  ids: (n) => oneChapter(numbered(n / 10, (number) => `<i id="i${number}"/>`)),
  'nested links in the table of contents': (n) =>
    navigated(nested('<a href="x">', '</a>', 200, '<b/>'.repeat(n / 10))),
  'lines of the table of contents': (n) =>
    navigated(numbered(n / 10, (number) => `<a href="text/1.xhtml#${number}">x</a>`)),
  'items of the manifest': (n) => ({
    ...oneChapter(''),
    beforeSpine: `<manifest>${numbered(n / 10, (number) => `<item id="i${number}" href="x"/>`)}</manifest>`,
  }),
  'links to style sheets': (n) => oneChapter('', '<link rel="stylesheet" href="x.css"/>'.repeat(n / 10)),
};

describe('the work of a translation', () => {
  it.each(Object.keys(SHAPES))('grows with the size of %s, and not faster', async (name) => {
    const make = SHAPES[name] ?? (() => oneChapter(''));
    const small = await costOf(epubFiles(make(20_000)));
    const large = await costOf(epubFiles(make(40_000)));
    expect(large.steps).toBeLessThan(2.2 * small.steps);
  });

  it.each([
    ['white space in a selector', 'a', ' ', 'b{display:none}'],
    ['line feeds in a selector', 'a', '\n', 'b{display:none}'],
    ['white space before a value', 'p{display', ' ', ':none}'],
    ['white space after a value', 'p{display:none', ' ', '!x}'],
    ['words of a value', 'p{display:', 'a ', '}'],
    ['lines of a value', 'p{display:a', '\t\n', '}'],
    ['marks', '', '<!--', 'p{display:none}'],
    ['marks with white space', '<!--', ' ', 'p{display:none}'],
    ['escapes in a string', 'p[a="', 'x\\y', '"]{display:none}'],
    ['escapes in an open string', 'p[a="', '\\"', '{display:none}'],
    ['open brackets', 'p', '(', '{display:none}'],
    ['stars in a comment', '/*', '*', 'p{display:none}'],
    ['white space in an import', '@import', ' ', ';p{display:none}'],
  ])('a style sheet with four million %s is read', (_name, before, repeated, after) => {
    const sheet = parseStyleSheet(before + repeated.repeat(4_000_000) + after);
    expect(sheet.rules.length).toBeLessThanOrEqual(1);
  });

  it('reads conditions with long series of white space', () => {
    const condition = `@media (width:${' '.repeat(980)}!){p{display:none}}`;
    // A pattern that tries each way to divide the spaces takes seconds for each.
    expect(parseStyleSheet(condition.repeat(100)).rules).toEqual([]);
  });

  it('reads an id with half a million spaces in it', async () => {
    const id = `x${' '.repeat(500_000)}y`;
    const files = epubFiles(oneChapter(`<i id="${id}"/>`));
    expect((await costOf(files, '#_doc_fragment_0_ z')).outcome).toBe('fragment');
  });

  it('gives up a choice among too many elements', async () => {
    const content = `<switch>${'<default/>'.repeat(20_000)}</switch>`;
    expect((await costOf(epubFiles(oneChapter(content)))).outcome).toBe('chapter-too-complex');
  });

  it('reads 64 MiB to count bodies, also of damaged files that are longer than they say', () => {
    let readBytes = 0;
    const file: FileReader = {
      identity: { path: Buffer.from('x'), sizeBytes: 0, modifiedNs: 0n, stateMark: 1 },
      read: (_position, length) => {
        readBytes += length;
        return Buffer.from('PK\x03\x04'.padEnd(length, '\0'), 'latin1');
      },
      close: () => undefined,
    };
    const entryOf = (name: string): ZipEntry => ({
      name,
      compressedBytes: 8 * 1024 * 1024,
      sizeBytes: 1,
      method: 8,
      isEncrypted: false,
      headerOffset: 0,
    });
    const names = Array.from({ length: 20 }, (_, number) => String(number));
    const directory = new Map(names.map((name) => [name, entryOf(name)]));
    const countOf = bodyCounter(file, directory, new Work());
    expect(names.map(countOf)).toEqual(names.map(() => 1));
    expect(readBytes).toBeLessThan(65 * 1024 * 1024);
  });

  it('counts the trees of all files with several bodies twice', () => {
    const content = Buffer.from(`<html><head/>${'<body>x</body>'.repeat(2000)}</html>`);
    const tree = new Work();
    expect(parseAsCrengine(content.toString(), tree).bodies).toHaveLength(2000);
    const file: FileReader = {
      identity: { path: Buffer.from('x'), sizeBytes: 0, modifiedNs: 0n, stateMark: 1 },
      read: (_position, length) =>
        length === content.length ? content : Buffer.from('PK\x03\x04'.padEnd(length, '\0'), 'latin1'),
      close: () => undefined,
    };
    const sizeBytes = content.length;
    const entry = { name: 'x', compressedBytes: sizeBytes, sizeBytes, method: 0, isEncrypted: false };
    const work = new Work();
    expect(bodyCounter(file, new Map([['x', { ...entry, headerOffset: 0 }]]), work)('x')).toBe(2000);
    expect(work.steps).toBeGreaterThan(1.7 * tree.steps);
  });

  it('searches a file with many bodies once for the id of a link', async () => {
    const content = `<html><head/>${'<body><p>x</p></body>'.repeat(100)}</html>`;
    const files = epubFiles({ chapters: [{ content }] });
    const first = await costOf(files);
    const link = await costOf(files, '#_doc_fragment_0_ z');
    expect(link.steps).toBeLessThan(2 * first.steps);
  });

  it('counts each class that a selector asks for', async () => {
    const names = Array.from({ length: 800 }, (_, number) => `c${number}`);
    const css = `.${names.join('.')}{display:block}`.repeat(100);
    const body = `<p class="${names.join(' ')}"> </p>`.repeat(50);
    const lookups = vi.spyOn(Set.prototype, 'has');
    try {
      await costOf(epubFiles(styled(css, body)));
      // All would be four million. The parser of selectors takes half a million.
      expect(lookups.mock.calls.length).toBeLessThan(1_200_000);
    } finally {
      lookups.mockRestore();
    }
  });

  it('splits the classes of an element once', async () => {
    const splits = vi.spyOn(String.prototype, 'split');
    try {
      const body = `<div class="${'a '.repeat(2000)}">${'<p class="b c"> </p>'.repeat(100)}</div>`;
      await costOf(epubFiles(styled('.q p{display:block}.c{display:block}'.repeat(50), body)));
      const ofClasses = splits.mock.contexts.filter((text) => /^[abc ]+$/.test(String(text)));
      expect(ofClasses).toHaveLength(101);
    } finally {
      splits.mockRestore();
    }
  });

  it('looks at each ancestor in a selector once for an element', () => {
    const work = new Work();
    const tree = parseXml(nested('<a>', '</a>', 200, '<p/>'), work);
    const [selector] = parseSelectors(`${'a '.repeat(200)}p`, work).selectors;
    if (selector === undefined) throw new Error('no selector');
    let looks = 0;
    const context = new Proxy(selector.context, {
      get(target, property) {
        looks += 1;
        return Reflect.get(target, property);
      },
    });
    expect(matchSelector(startMatching(tree), tree.nodeCount - 1, { ...selector, context })).toBe('yes');
    expect(looks).toBeLessThan(1000);
  });

  it('asks once for all ids of a CFI that lead nowhere else', async () => {
    const options = oneChapter(`${'<b/>'.repeat(2000)}<i id="x"/>`);
    const one = await costOf(epubFiles(options), 'epubcfi(/6/2!/4/99998[x])');
    const many = await costOf(epubFiles(options), `epubcfi(/6/2!/4${'/99998[x]'.repeat(1000)})`);
    expect([one.outcome, many.outcome]).toEqual(['clamped', 'clamped']);
    expect(many.steps).toBeLessThan(1.1 * one.steps);
  });

  it('looks once into a drawing that is not shown', async () => {
    const drawing = (depth: number): string =>
      `<p hidden="">x</p><svg hidden="">${nested('<g>', '</g>', depth, '<g/>'.repeat(2000))}</svg>`;
    const flat = await costOf(epubFiles(oneChapter(drawing(1))));
    const deep = await costOf(epubFiles(oneChapter(drawing(200))));
    expect(deep.steps).toBeLessThan(1.5 * flat.steps);
  });
});

it('names an element by the nearest id that only it has, however the id is written', async () => {
  const chapter = chapterUnderTest(
    folder,
    `<div id = "a"><p id='b'>x</p><p id="c">y</p><p id="c">z</p></div><i title="id='a'"/>`,
  );
  const selectorOf = async (p: number): Promise<string | undefined> =>
    (await chapter.forward(`/body/DocFragment[1]/body/div/p[${p}]/text().0`)).locator.locations.cssSelector;
  expect(await selectorOf(1)).toBe('#b');
  expect(await selectorOf(2)).toBe('#a > p:nth-child(2)');
});

describe('the forms of a position', () => {
  const long = 'x'.repeat(100_000);

  async function formsOf(options: EpubOptions) {
    const translator = createTranslator({ cacheBytes: 1024 * 1024 });
    const path = folder.write(storedEpub(epubFiles(options)));
    return translated(await translator.translateXpointer({ path }, IN_TEXT.replace('/p/', '/div/p/')));
  }

  it('do not grow with the ids and the media type of a book', async () => {
    const content = xhtml(`<div id="${long}">${TEXT}</div>`);
    const forms = await formsOf({
      chapters: [{ content, mediaType: `a/${long}`, itemrefAttributes: ` id="${long}"` }],
      spineAttributes: ` id="${long}"`,
    });
    expect(forms.cfi).toBe('epubcfi(/6/2!/4/2/2/1:1)');
    expect(forms.xpointerConfidence).toBe('exact');
    expect(JSON.stringify(forms).length).toBeLessThan(1000);
  });

  it('do not grow with the names of its elements', async () => {
    const forms = await formsOf({ chapters: [{ content: xhtml(`<${long}><p>x</p></${long}>`) }] });
    expect(forms.chapterProblem).toBe('chapter-too-large');
    expect(JSON.stringify(forms).length).toBeLessThan(1000);
  });
});

describe('a book that takes too many steps', () => {
  /** Each rule takes some twelve thousand steps. */
  const sheets = (rules: number): ZipFile[] =>
    [0, 1, 2].map((number) => ({
      name: `OPS/text/${number}.css`,
      content: `${'a '.repeat(290)}{display:none}`.repeat(rules),
    }));
  const linksTo = (count: number): string =>
    numbered(count, (number) => `<link rel="stylesheet" href="${number}.css"/>`);

  async function twice(files: readonly ZipFile[]): Promise<{ outcomes: string[]; again: number }> {
    const work = new AllWork();
    const translator = createTranslator({ cacheBytes: 1024 * 1024, work });
    const path = folder.write(makeZip(files));
    const outcomes: string[] = [];
    let before = 0;
    for (let time = 0; time < 2; time += 1) {
      before = work.total;
      try {
        const { chapterProblem } = translated(await translator.translateXpointer({ path }, IN_TEXT));
        outcomes.push(chapterProblem ?? 'no problem');
      } catch (error) {
        if (!(error instanceof BookError)) throw error;
        outcomes.push(error.code);
      }
    }
    return { outcomes, again: work.total - before };
  }

  it('has no places in that chapter, which is not read again', async () => {
    const chapters = [{ content: xhtml(TEXT, linksTo(3)) }, { content: xhtml(TEXT) }];
    const book = { chapters, files: sheets(1700) };
    const { outcomes, again } = await twice(epubFiles(book));
    expect(outcomes).toEqual(['chapter-too-complex', 'chapter-too-complex']);
    expect(again).toBeLessThan(1000);
    const translator = createTranslator({ cacheBytes: 1024 * 1024 });
    const path = folder.write(makeZip(epubFiles(book)));
    const other = await translator.translateXpointer({ path }, '/body/DocFragment[2]/body/p/text().1');
    expect(translated(other)).toMatchObject({ textAfter: 'ext', xpointerConfidence: 'exact' });
  });

  it('has the same places, whichever chapter was read first with the style sheets that both link', async () => {
    // Two of these sheets are within the bound, three are not.
    const chapters = [2, 3].map((count) => ({ content: xhtml(TEXT, linksTo(count)) }));
    const path = folder.write(makeZip(epubFiles({ chapters, files: sheets(700) })));
    const inOrder = async (...order: readonly number[]): Promise<ReadonlyMap<number, string>> => {
      const translator = createTranslator({ cacheBytes: 1024 * 1024 * 1024 });
      const outcomes = new Map<number, string>();
      for (const number of order) {
        const position = `/body/DocFragment[${number}]/body/p/text().1`;
        const { chapterProblem } = translated(await translator.translateXpointer({ path }, position));
        outcomes.set(number, chapterProblem ?? 'no problem');
      }
      return outcomes;
    };
    const expected = new Map([
      [1, 'no problem'],
      [2, 'chapter-too-complex'],
    ]);
    expect(await inOrder(1, 2)).toEqual(expected);
    expect(await inOrder(2, 1)).toEqual(expected);
  });

  it('is no book if its table of contents does, and is not read again', async () => {
    const list = nested('<a href="x">', '</a>', 250, '<b/>'.repeat(100_000));
    const { outcomes, again } = await twice(epubFiles(navigated(list)));
    expect(outcomes).toEqual(['too-complex', 'too-complex']);
    expect(again).toBeLessThan(1000);
  });
});

describe('an archive', () => {
  it('that is no book is read once, as long as it does not change', async () => {
    const opened = vi.spyOn(yauzl, 'fromRandomAccessReaderPromise');
    try {
      const translator = createTranslator({ cacheBytes: 1024 * 1024 });
      const path = folder.write(makeZip([{ name: 'a.txt', content: 'a' }]));
      for (let time = 0; time < 3; time += 1) {
        await expect(translator.translateXpointer({ path }, IN_TEXT)).rejects.toMatchObject({
          code: 'not-an-epub',
        });
      }
      expect(opened).toHaveBeenCalledTimes(1);
      writeFileSync(path, makeZip(epubFiles(oneChapter(''))));
      expect(translated(await translator.translateXpointer({ path }, IN_TEXT)).textAfter).toBe('ext');
    } finally {
      opened.mockRestore();
    }
  });

  it('of pictures is read once for all positions of a request', async () => {
    const opened = vi.spyOn(yauzl, 'fromRandomAccessReaderPromise');
    try {
      const pages = ['1.jpg', '2.jpg'].map((name) => ({ name, content: '' }));
      const queries = ['1', '2', '3'].map((position) => ({ kind: 'position', position }) as const);
      const path = Buffer.from(folder.write(makeZip(pages)));
      const translator = createTranslator({ cacheBytes: 1024 * 1024 });
      const outcomes = await answerTranslation(translator, { path, format: 'pages', queries });
      expect(outcomes.map(({ state }) => state)).toEqual(['paged', 'paged', 'untranslatable']);
      expect(opened).toHaveBeenCalledTimes(1);
    } finally {
      opened.mockRestore();
    }
  });

  const container = (path: string): string =>
    `<container><rootfiles><rootfile full-path="${path}"/></rootfiles></container>`;

  it('has no file with a name of more than 1,024 bytes, which each path in a book would be joined with', async () => {
    for (const [length, outcome] of [
      [1024, 'exact'],
      [1025, 'not-an-epub'],
    ] as const) {
      const path = `${'a/'.repeat(500)}${'b'.repeat(length - 1000)}`;
      const opf =
        `<package><manifest><item id="c" href="/${chapterPath(1)}" media-type="application/xhtml+xml"/>` +
        '</manifest><spine><itemref idref="c"/></spine></package>';
      const files = [
        { name: 'META-INF/container.xml', content: container(path) },
        { name: path, content: opf },
        { name: chapterPath(1), content: xhtml(TEXT) },
      ];
      expect((await costOf(files)).outcome).toBe(outcome);
    }
  });

  it('is too large with a container.xml that is nested too deeply', async () => {
    const content = nested('<a>', '</a>', 300, '');
    const files = epubFiles(oneChapter('')).map((file) =>
      file.name === 'META-INF/container.xml' ? { ...file, content } : file,
    );
    expect((await costOf(files)).outcome).toBe('too-large');
  });
});
