import { afterAll, describe, expect, it } from 'vitest';
import { BookError } from '../../../server/positions/book-error.js';
import type { Confidence } from '../../../server/positions/confidence.js';
import { createTranslator } from '../../../server/positions/translation/translator.js';
import type { Translation } from '../../../server/positions/translation/translated-position.js';
import { crengineBooks, type CrengineBook, type CrenginePlace } from '../../support/crengine-books.js';
import { makeBookFolder } from '../../support/epub.js';

/**
 * - `exact`: Dogear is sure, and right
 * - `wrong`: Dogear is sure, and wrong
 * - `unsure`: right, but not sure
 * - `degraded`: not sure, and another text of the chapter
 * - `refused`: only the chapter or less is known, so that a web reader's place is not stored
 */
type Verdict = 'exact' | 'wrong' | 'unsure' | 'degraded' | 'refused';

const folder = makeBookFolder();
afterAll(() => folder.remove());

const books = crengineBooks();

/** `back` are the x-pointers of the CFIs of `texts` that are right. */
const TABLE: readonly string[] = [
  'astral back: 11 exact',
  'astral past the end: 3 exact',
  'astral texts: 11 exact',
  'br back: 23 exact, 1 degraded',
  'br past the end: 5 exact',
  'br texts: 23 exact, 3 degraded, 1 unsure',
  'css back: 43 exact, 17 degraded',
  'css past the end: 15 exact',
  'css texts: 43 exact, 17 unsure, 6 degraded',
  'display back: 63 exact, 22 degraded',
  'display hidden: 4 exact',
  'display past the end: 20 exact',
  'display texts: 63 exact, 22 unsure, 12 degraded',
  'elements back: 43 exact, 4 degraded',
  'elements hidden: 1 wrong',
  'elements past the end: 11 exact',
  'elements texts: 43 exact, 4 unsure, 2 wrong',
  'encoding back: 85 exact',
  'encoding past the end: 13 exact',
  'encoding texts: 85 exact, 6 wrong',
  'entity back: 12 exact',
  'entity past the end: 7 exact',
  'entity texts: 12 exact, 2 wrong, 2 degraded',
  'epub back: 4 exact',
  'epub hidden: 1 exact',
  'epub past the end: 1 exact',
  'epub texts: 4 exact',
  'float back: 25 exact, 12 degraded',
  'float past the end: 7 exact',
  'float texts: 25 exact, 12 unsure',
  'found back: 33 exact, 12 degraded',
  'found elements: 36 unsure, 22 exact, 17 wrong, 4 refused, 2 degraded',
  'found hidden: 2 wrong',
  'found past the end: 14 exact, 1 wrong',
  'found texts: 33 exact, 12 unsure, 12 degraded, 8 wrong, 2 refused',
  'list back: 30 exact',
  'list past the end: 5 exact',
  'list texts: 30 exact',
  'long back: 63 exact, 1 wrong',
  'long past the end: 15 exact, 2 wrong',
  'long texts: 64 exact, 4 degraded',
  'malformed back: 47 exact, 5 wrong, 5 refused',
  'malformed hidden: 1 exact',
  'malformed past the end: 21 exact',
  'malformed texts: 46 exact, 11 unsure, 4 refused, 2 degraded',
  'markup back: 34 exact',
  'markup hidden: 7 exact',
  'markup past the end: 9 exact',
  'markup texts: 34 exact',
  'math back: 13 exact',
  'math hidden: 8 exact',
  'math past the end: 4 exact',
  'math texts: 13 exact',
  'mixed back: 34 exact, 3 degraded',
  'mixed elements: 21 unsure, 15 exact, 4 wrong, 1 degraded',
  'mixed past the end: 7 exact',
  'mixed texts: 34 exact, 3 unsure',
  'package back: 61 exact',
  'package hidden: 2 exact',
  'package past the end: 12 exact, 1 wrong',
  'package texts: 61 exact, 13 refused, 2 wrong',
  'plain back: 18 exact',
  'plain elements: 9 exact, 3 wrong, 2 unsure',
  'plain past the end: 3 exact',
  'plain texts: 18 exact',
  'pseudo back: 17 exact',
  'pseudo elements: 14 wrong, 9 unsure, 7 exact, 4 degraded',
  'pseudo past the end: 3 wrong, 3 exact',
  'pseudo texts: 17 exact, 6 degraded, 3 wrong',
  'ruby back: 26 exact, 8 degraded',
  'ruby past the end: 4 exact',
  'ruby texts: 26 exact, 8 unsure',
  'svg back: 18 exact, 2 degraded',
  'svg hidden: 10 exact',
  'svg past the end: 7 exact',
  'svg texts: 18 exact, 2 unsure',
  'table back: 32 exact, 2 degraded',
  'table elements: 30 unsure, 8 exact, 6 degraded, 4 wrong',
  'table past the end: 8 exact',
  'table texts: 32 exact, 2 unsure',
  'white back: 71 exact, 19 degraded',
  'white past the end: 18 exact',
  'white texts: 71 exact, 19 unsure, 2 degraded',
];

/** The number of places in each book about which Dogear is sure and wrong. */
const WRONG: readonly string[] = [
  'elements-object: 3',
  'encoding-latin1-nodecl: 2',
  'encoding-meta-charset: 2',
  'encoding-utf8-invalid: 2',
  'entity-no-semicolon: 1',
  'entity-unknown: 1',
  'found-br-span-lines: 1',
  'found-display-invalid-last: 2',
  'found-display-none-invalid-last: 6',
  'found-element-end: 1',
  'found-end-tag-newline: 1',
  'found-float-only-in-run: 1',
  'found-long-8192-then-inline: 7',
  'found-ruby-no-rt: 9',
  'long-entity-boundary: 1',
  'long-exact-8192-one-space: 1',
  'long-exact-8192-spaces: 1',
  'malformed-attr-gt: 1',
  'malformed-missing-quote: 2',
  'malformed-title-with-tags: 2',
  'mixed-a-div: 1',
  'mixed-comment-between-blocks: 1',
  'mixed-em-only-blocks: 1',
  'mixed-img-block: 1',
  'package-idref-spaces: 3',
  'plain-body-spaces: 1',
  'plain-inline: 1',
  'plain-p: 1',
  'pseudo-after-leading-space: 5',
  'pseudo-before-empty: 4',
  'pseudo-before-leading-space: 5',
  'pseudo-before-none: 1',
  'pseudo-li-before: 3',
  'pseudo-q-first: 2',
  'table-full: 1',
  'table-no-tbody: 1',
  'table-stray-elements: 1',
  'table-td-outside: 1',
];

/** What Dogear makes of the places of a book, and those about which it is sure and wrong. */
interface Judgement {
  readonly verdicts: readonly (readonly [what: string, verdict: Verdict])[];
  readonly wrong: readonly string[];
}

async function judge(book: CrengineBook): Promise<Judgement> {
  const path = folder.write(book.epub);
  const translator = createTranslator({ cacheBytes: 16 * 1024 * 1024 });
  const verdicts: [string, Verdict][] = [];
  const wrong: string[] = [];
  const note = (what: string, verdict: Verdict, xpointer: string): void => {
    verdicts.push([what, verdict]);
    if (verdict === 'wrong') wrong.push(`${book.name}: ${what} ${xpointer}`);
  };
  for (const place of book.texts) {
    const there = await answer(translator.translateXpointer({ path }, place.xpointer));
    const isRight = there !== undefined && hasText(there.textAfter, place);
    note('texts', verdictOf(there?.cfiConfidence, isRight), place.xpointer);
    if (!isRight) continue;
    const back = await answer(translator.translateCfi({ path }, there.cfi));
    const isSame = back !== undefined && isSamePlace(back.xpointer, place);
    note('back', verdictOf(back?.xpointerConfidence, isSame), place.xpointer);
  }
  for (const { xpointer } of book.hiddenTexts) {
    const there = await answer(translator.translateXpointer({ path }, xpointer));
    const isServed = there !== undefined && withIndices(there.xpointer) === xpointer;
    note('hidden', isServed ? 'wrong' : 'exact', xpointer);
  }
  for (const place of book.elements) {
    const there = await answer(translator.translateXpointer({ path }, place.xpointer));
    const text = squeeze(there?.textAfter ?? '');
    const isRight =
      there !== undefined &&
      (text === '' ? place.text === '' : text.startsWith(place.text) || place.text.startsWith(text));
    note('elements', verdictOf(there?.cfiConfidence, isRight), place.xpointer);
  }
  for (const xpointer of book.pastTheEnd) {
    const there = await answer(translator.translateXpointer({ path }, xpointer));
    note('past the end', there?.cfiConfidence === 'exact' ? 'wrong' : 'exact', xpointer);
  }
  return { verdicts, wrong };
}

async function answer(translation: Promise<Translation>) {
  try {
    const position = await translation;
    return position.state === 'translated' ? position : undefined;
  } catch (error) {
    if (error instanceof BookError) return undefined;
    throw error;
  }
}

function verdictOf(confidence: Confidence | undefined, isRight: boolean): Verdict {
  if (confidence === 'exact') return isRight ? 'exact' : 'wrong';
  if (confidence === 'clamped' || confidence === 'element') return isRight ? 'unsure' : 'degraded';
  return 'refused';
}

/** Dogear gives the text with white space collapsed and trimmed, and with a space between blocks. */
function hasText(textAfter: string, { text, ownText }: CrenginePlace): boolean {
  const own = ownText.replaceAll(/[ \t\r\n]+/g, ' ');
  if (!textAfter.startsWith(own) && !own.trimEnd().startsWith(textAfter)) return false;
  const [mine, theirs] = [squeeze(textAfter), squeeze(text)];
  return mine === '' ? theirs === '' : mine.startsWith(theirs) || theirs.startsWith(mine);
}

function squeeze(text: string): string {
  return text.replaceAll(/\s+/g, '');
}

/** The x-pointer with an index in each step, as newer versions of crengine write it. */
function withIndices(xpointer: string): string {
  return xpointer.replaceAll(/(\/[^/[.]+)(?=[/.]|$)/g, '$1[1]');
}

/** KOReader may be sent to the first of the spaces that a tab became. */
function isSamePlace(served: string, { xpointer, ownText }: CrenginePlace): boolean {
  const mine = withIndices(served);
  return mine === xpointer || (ownText.startsWith(' ') && withoutPoint(mine) === withoutPoint(xpointer));
}

function withoutPoint(xpointer: string): string {
  return xpointer.replace(/\.\d+$/, '');
}

/** One line for each kind of book and of place. */
function tableOf(judgements: readonly (readonly [CrengineBook, Judgement])[]): string[] {
  const rows = new Map<string, Map<Verdict, number>>();
  for (const [{ kind }, { verdicts }] of judgements) {
    for (const [what, verdict] of verdicts) {
      const row = rows.get(`${kind} ${what}`) ?? new Map<Verdict, number>();
      rows.set(`${kind} ${what}`, row.set(verdict, (row.get(verdict) ?? 0) + 1));
    }
  }
  return Array.from(rows, ([row, counts]) => {
    const sorted = Array.from(counts, ([verdict, count]) => `${count} ${verdict}`).toSorted((a, b) =>
      b.localeCompare(a, 'en', { numeric: true }),
    );
    return `${row}: ${sorted.join(', ')}`;
  }).toSorted();
}

describe('books with places that crengine has told', async () => {
  const judgements = await Promise.all(books.map(async (book) => [book, await judge(book)] as const));

  it('have all of them', () => {
    const places = books.flatMap(({ texts, hiddenTexts, elements, pastTheEnd }) => [
      ...texts,
      ...hiddenTexts,
      ...elements,
      ...pastTheEnd,
    ]);
    expect([books.length, places.length]).toEqual([219, 1483]);
  });

  it('are translated as well as this', () => {
    expect(tableOf(judgements)).toEqual(TABLE);
  });

  it('are not translated wrongly, but for these', () => {
    const wrong = judgements.flatMap(([{ name }, judgement]) =>
      judgement.wrong.length === 0 ? [] : [`${name}: ${judgement.wrong.length}`],
    );
    expect(wrong, judgements.flatMap(([, judgement]) => judgement.wrong).join('\n')).toEqual(WRONG);
  });
});
