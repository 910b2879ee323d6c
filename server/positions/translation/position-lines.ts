import type { ChapterProblem } from './chapter.js';
import type { NotLocatedReason } from './located.js';
import type { Translation } from './translated-position.js';

/**
 * The lines that `dogear translate` prints, one for each form of the position. The last line is the text around the
 * place, with a bar at the place.
 */
export function positionLines(translation: Translation): string[] {
  if (translation.state === 'untranslatable') return [reasonText(translation.reason)];
  const { locator } = translation;
  const lines: [string, string | undefined][] = [
    ['KOReader', `${translation.xpointer}  (${translation.xpointerConfidence})`],
    [
      'EPUB CFI',
      translation.cfi === undefined ? undefined : `${translation.cfi}  (${translation.cfiConfidence})`,
    ],
    ['epub.js', translation.epubJsCfi === translation.cfi ? undefined : translation.epubJsCfi],
    ['File', locator.href],
    ['Element', locator.locations.cssSelector],
    ['Chapter', translation.chapterTitle],
    ['In chapter', formatPercentage(translation.chapterPercentage)],
    ['In book', formatPercentage(translation.percentage)],
    ['Note', translation.chapterProblem === undefined ? undefined : problemText(translation.chapterProblem)],
    ['Text', textLine(translation.textBefore, translation.textAfter)],
  ];
  const width = Math.max(...lines.map(([label]) => label.length));
  return lines.flatMap(([label, value]) =>
    value === undefined ? [] : [`${label.padEnd(width)}  ${printable(value)}`],
  );
}

function textLine(before: string, after: string): string | undefined {
  return before === '' && after === '' ? undefined : `${before}|${after}`;
}

/** Without control characters: a book must not send commands to the terminal. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, ' ');
}

function formatPercentage(fraction: number): string {
  return `${(fraction * 100).toFixed(2)} %`;
}

/** Why a position has no place in the book. */
export function reasonText(reason: NotLocatedReason): string {
  switch (reason) {
    case 'unknown-form':
      return 'not a position of a known form';
    case 'other-format':
      return 'a position in a book of another format';
    case 'outside-the-book':
      return 'the book has no such chapter';
    default:
      return reason satisfies never;
  }
}

/** Why only the chapter is known. */
function problemText(problem: ChapterProblem): string {
  switch (problem) {
    case 'chapter-missing':
      return 'the file of the chapter is missing';
    case 'chapter-too-large':
      return 'the chapter is too large';
    case 'chapter-too-complex':
      return 'the chapter is too complex';
    case 'chapter-damaged':
      return 'the chapter cannot be decompressed';
    case 'chapter-without-body':
      return 'the chapter is no document with text';
    default:
      return problem satisfies never;
  }
}
