import type { Confidence } from '../../../server/positions/confidence.js';
import type { BookFile, Translator } from '../../../server/positions/translation/translator.js';
import type {
  TranslatedPosition,
  Translation,
} from '../../../server/positions/translation/translated-position.js';
import { makeZip } from '../../support/zip.js';
import { generatedBook, type GeneratedBook, type GeneratedChapter } from './generated-book.js';
import { cfiByOffset } from './slow-cfi.js';
import { isWhite } from './slow-characters.js';
import { readSlowly } from './slow-chapter.js';
import { rulesOfBody } from './slow-styles.js';
import {
  hasWholeTables,
  keptElement,
  placedElements,
  placedTexts,
  type KeptElement,
  type KeptText,
  type PlacedText,
} from './slow-tree.js';

/** What the two readings of generated books say. */
export interface Differences {
  exact: number;
  unsure: number;
  /** Ways back from a CFI to the x-pointer. */
  back: number;
  backUnsure: number;
  points: number;
  readonly wrong: string[];
}

export const noDifferences = (): Differences => ({
  exact: 0,
  unsure: 0,
  back: 0,
  backUnsure: 0,
  points: 0,
  wrong: [],
});

interface Fragment {
  readonly body: KeptElement;
  /** Undefined where browsers read the file in another way. */
  readonly cfis: ReadonlyMap<number, string> | undefined;
}

/** The DocFragments of a book (R10, R34, R36). */
function fragmentsOf(book: GeneratedBook): Fragment[] {
  return book.chapters.flatMap((chapter) => {
    const source = chapter.source?.startsWith('<h:') === true ? undefined : chapter.source;
    const read = source === undefined ? [] : bodiesOf(book, source, chapter.isUtf16);
    if (read.length > 0) {
      const cfis = chapter.isWellFormed && source !== undefined ? cfiByOffset(source) : undefined;
      return read.map((body) => ({ body, cfis }));
    }
    const page = `<html><body><pre>${errorText(chapter)}</pre></body></html>`;
    return bodiesOf(book, page, false).map((body) => ({ body, cfis: undefined }));
  });
}

function errorText({ id, href }: GeneratedChapter): string {
  return `Failed handling EPUB spine item 'OPS/${href}' (application/xhtml+xml, ${id.trim()}).`;
}

function bodiesOf(book: GeneratedBook, source: string, isUtf16: boolean): KeptElement[] {
  const chapter = readSlowly(source, isUtf16);
  return chapter.bodies.map((body, number) => {
    const rules = rulesOfBody(chapter, number, source, book.sheets);
    return keptElement({ source, isUtf16, rules }, body);
  });
}

/** Compares what the two readings say of the places in one generated book. */
export async function compareBook(
  seed: number,
  write: (content: Buffer) => string,
  translator: Translator,
  sums: Differences,
): Promise<void> {
  const book = generatedBook(seed);
  const file: BookFile = { path: write(makeZip([...book.files])) };
  for (const [index, fragment] of fragmentsOf(book).entries()) {
    await compareFragment(`/body[1]/DocFragment[${index + 1}]/body[1]`, fragment, file, translator, {
      note: (key) => {
        sums[key] += 1;
      },
      fail: (what) => sums.wrong.push(`seed ${seed}: ${what}`),
    });
  }
}

interface Notes {
  readonly note: (key: 'exact' | 'unsure' | 'back' | 'backUnsure' | 'points') => void;
  readonly fail: (what: string) => void;
}

async function compareFragment(
  root: string,
  { body, cfis }: Fragment,
  file: BookFile,
  translator: Translator,
  { note, fail }: Notes,
): Promise<void> {
  if (!hasWholeTables(body)) return;
  const texts = placedTexts(body, root);
  const shown = texts.filter(({ isHidden }) => !isHidden);
  for (const { path, text, isHidden } of texts) {
    const length = text.characters.length;
    if (isHidden) {
      const there = await translated(translator.translateXpointer(file, `${path}.0`));
      if (there !== undefined && withIndices(there.xpointer) === `${path}.0`) fail(`${path}.0 is not shown`);
      continue;
    }
    if (await translator.isResolvable(file, `${path}.${length + 1}`))
      fail(`${path}.${length + 1} is past the end`);
    const following = textAfter(shown, text.characters);
    for (const point of new Set([0, 1, length >> 1, length - 1, length])) {
      if (point < 0 || point > length) continue;
      const xpointer = `${path}.${point}`;
      const there = await translated(translator.translateXpointer(file, xpointer));
      const isAfterInserted = text.characters[0]?.offset === -1 && point > 0;
      if (!isAfterInserted && !(await translator.isResolvable(file, xpointer)))
        fail(`${xpointer} is not found`);
      // A place that only crengine has is found, and has no exact CFI.
      if (there?.cfi === undefined || there.cfiConfidence !== 'exact') {
        note('unsure');
        continue;
      }
      note('exact');
      const expected = following(point);
      if (!isSameText(there.textAfter, expected)) {
        fail(`${xpointer} is ${JSON.stringify(there.textAfter)}, not ${JSON.stringify(expected)}`);
        continue;
      }
      const character = text.characters[point];
      if (character === undefined || character.offset < 0 || isSecondHalf(character.codePoint)) continue;
      const cfi = cfis?.get(character.offset);
      if (cfi !== undefined && !there.cfi.endsWith(`!${cfi})`) && !there.cfi.endsWith(`!/4${cfi.slice(2)})`))
        fail(`${xpointer} has the CFI ${there.cfi}, not ${cfi}`);
      const back = await translated(translator.translateCfi(file, there.cfi));
      const confidence: Confidence = back?.xpointerConfidence ?? 'none';
      note(confidence === 'exact' ? 'back' : 'backUnsure');
      const served = withIndices(back?.xpointer ?? '');
      // Of the spaces that a tab became the first one is served.
      const isSame = isWhite(character.codePoint) ? served.startsWith(`${path}.`) : served === xpointer;
      if (confidence === 'exact' && !isSame) fail(`${xpointer} comes back from ${there.cfi} as ${served}`);
    }
  }
  for (const { path, pointCount } of placedElements(body, root)) {
    const isThere = pointCount === 0 || (await translator.isResolvable(file, `${path}.${pointCount}`));
    const isPast = await translator.isResolvable(file, `${path}.${pointCount + 1}`);
    note('points');
    if (!isThere) fail(`${path}.${pointCount} is not found`);
    if (isPast) fail(`${path}.${pointCount + 1} is past the end`);
  }
}

/** In UTF-16 (R6). A CFI does not part a pair. */
function isSecondHalf(unit: string): boolean {
  return unit >= '\uDC00' && unit <= '\uDFFF';
}

type Characters = KeptText['characters'];

/** Gives the text after a point of one of the shown texts, without white space, and its own part as it is. */
function textAfter(shown: readonly PlacedText[], characters: Characters): (point: number) => string {
  const at = shown.findIndex(({ text }) => text.characters === characters);
  let rest = '';
  for (const { text } of shown.slice(at + 1)) {
    if (rest.length > 80) break;
    rest += join(text.characters.slice(0, 80));
  }
  return (point) => join(characters.slice(point, point + 80)) + rest;
}

function join(characters: Characters): string {
  return characters.map(({ codePoint }) => codePoint).join('');
}

function isSameText(mine: string, theirs: string): boolean {
  const [a, b] = [squeeze(mine), squeeze(theirs)];
  return a === '' ? b === '' : a.startsWith(b.slice(0, 20)) || b.startsWith(a);
}

function squeeze(text: string): string {
  return text.replaceAll(/\s+/g, '');
}

async function translated(translation: Promise<Translation>): Promise<TranslatedPosition | undefined> {
  const position = await translation;
  return position.state === 'translated' ? position : undefined;
}

/** The x-pointer with an index in each step. */
function withIndices(xpointer: string): string {
  return xpointer.replaceAll(/(\/[^/[.]+)(?=[/.]|$)/g, '$1[1]');
}
