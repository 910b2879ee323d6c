import { BookError } from '../../server/positions/book-error.js';
import type { Confidence } from '../../server/positions/confidence.js';
import { createTranslator } from '../../server/positions/translation/translator.js';
import type { Translation } from '../../server/positions/translation/translated-position.js';
import type { CrengineBook, CrenginePlace } from './crengine-books.js';
import type { EpubFolder } from './epub.js';

/**
 * - `exact`: Dogear is sure, and right
 * - `wrong`: Dogear is sure, and wrong
 * - `unsure`: right, but not sure
 * - `degraded`: not sure, and another text of the chapter
 * - `refused`: only the chapter or less is known, so that a web reader's place is not stored
 */
type Verdict = 'exact' | 'wrong' | 'unsure' | 'degraded' | 'refused';

/** What Dogear makes of the places of a book, and those about which it is sure and wrong. */
export interface Judgement {
  readonly verdicts: readonly (readonly [what: string, verdict: Verdict])[];
  readonly wrong: readonly string[];
}

export async function judgeBook(folder: EpubFolder, book: CrengineBook): Promise<Judgement> {
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
    if (!isRight || there.cfiConfidence !== 'exact') continue;
    const back = await answer(translator.translateCfi({ path }, there.cfi ?? ''));
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
    note('elements', verdictOf(there?.xpointerConfidence, isRight), place.xpointer);
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
export function tableOf(judgements: readonly (readonly [CrengineBook, Judgement])[]): string[] {
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
