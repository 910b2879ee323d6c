import { afterAll, describe, expect, it } from 'vitest';
import { crengineBooks } from '../../support/crengine-books.js';
import { judgeBook, tableOf } from '../../support/crengine-verdicts.js';
import { makeBookFolder } from '../../support/epub.js';

const folder = makeBookFolder();
afterAll(() => folder.remove());

const books = crengineBooks();

/** `back` are the x-pointers of the CFIs of `texts` that are exact. */
const TABLE: readonly string[] = [
  'astral back: 11 exact',
  'astral past the end: 3 exact',
  'astral texts: 11 exact',
  'br back: 27 exact',
  'br past the end: 5 exact',
  'br texts: 27 exact',
  'css back: 66 exact',
  'css past the end: 15 exact',
  'css texts: 66 exact',
  'display back: 89 exact, 8 degraded',
  'display hidden: 4 exact',
  'display past the end: 20 exact',
  'display texts: 97 exact',
  'elements back: 49 exact',
  'elements hidden: 1 exact',
  'elements past the end: 11 exact',
  'elements texts: 49 exact',
  'encoding back: 87 exact',
  'encoding past the end: 13 exact',
  'encoding texts: 87 exact, 4 degraded',
  'entity back: 16 exact',
  'entity past the end: 7 exact',
  'entity texts: 16 exact',
  'epub back: 4 exact',
  'epub hidden: 1 exact',
  'epub past the end: 1 exact',
  'epub texts: 4 exact',
  'float back: 37 exact',
  'float past the end: 7 exact',
  'float texts: 37 exact',
  'found back: 65 exact',
  'found elements: 80 exact, 1 unsure',
  'found hidden: 2 exact',
  'found past the end: 15 exact',
  'found texts: 65 exact, 2 unsure',
  'list back: 30 exact',
  'list past the end: 5 exact',
  'list texts: 30 exact',
  'long back: 67 exact',
  'long past the end: 17 exact',
  'long texts: 67 exact, 1 unsure',
  'malformed back: 57 exact',
  'malformed hidden: 1 exact',
  'malformed past the end: 21 exact',
  'malformed texts: 57 exact, 6 unsure',
  'markup back: 34 exact',
  'markup hidden: 7 exact',
  'markup past the end: 9 exact',
  'markup texts: 34 exact',
  'math back: 13 exact',
  'math hidden: 8 exact',
  'math past the end: 4 exact',
  'math texts: 13 exact',
  'mixed back: 37 exact',
  'mixed elements: 41 exact',
  'mixed past the end: 7 exact',
  'mixed texts: 37 exact',
  'package back: 76 exact',
  'package hidden: 2 exact',
  'package past the end: 13 exact',
  'package texts: 76 exact',
  'plain back: 18 exact',
  'plain elements: 14 exact',
  'plain past the end: 3 exact',
  'plain texts: 18 exact',
  'pseudo back: 20 exact, 6 degraded',
  'pseudo elements: 28 exact, 6 unsure',
  'pseudo past the end: 6 exact',
  'pseudo texts: 26 exact',
  'ruby back: 34 exact',
  'ruby past the end: 4 exact',
  'ruby texts: 34 exact',
  'svg back: 20 exact',
  'svg hidden: 10 exact',
  'svg past the end: 7 exact',
  'svg texts: 20 exact',
  'table back: 34 exact',
  'table elements: 48 exact',
  'table past the end: 8 exact',
  'table texts: 34 exact',
  'white back: 92 exact',
  'white past the end: 18 exact',
  'white texts: 92 exact',
];

/** The number of places in each book about which Dogear is sure and wrong. */
const WRONG: readonly string[] = [];

describe('books with places that crengine has told', async () => {
  const judgements = await Promise.all(
    books.map(async (book) => [book, await judgeBook(folder, book)] as const),
  );

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
