import type { TranslatedPosition } from '../positions/translation/translated-position.js';
import { positionLines, reasonText } from '../positions/translation/position-lines.js';
import { DogearError } from '../domain/dogear-error.js';
import { formatOf, type Translate, type TranslationQuery } from './translations.js';

export interface PrintedPosition {
  readonly position: TranslatedPosition;
  /** The text that `dogear translate` prints. */
  readonly lines: readonly string[];
}

/**
 * A position in a book file in all its forms. A file is read as an EPUB, unless its extension is that of another format.
 *
 * @param path bytes of an absolute path, or of one relative to the working folder.
 * @throws DogearError
 *   - `book-unreadable`: the file cannot be read, is not a book of its format, or needs more memory than the thread has
 *   - `position-untranslatable`: the position has no place in the book, or the book has pages
 *   - `translation-slow`: reading the book takes longer than the caller of `translate` waits
 *   - `overloaded`: too many requests are waiting
 */
export async function translatePosition(
  translate: Translate,
  path: Buffer,
  query: TranslationQuery,
): Promise<PrintedPosition> {
  const format = formatOf(path) ?? 'epub';
  if (format === 'pages') {
    throw new DogearError(
      'position-untranslatable',
      'The book has pages, and its positions are page numbers.',
    );
  }
  const answer = await translate({ path, format, queries: [query] }, undefined);
  switch (answer.state) {
    case 'busy':
      throw new DogearError('overloaded', 'Too many positions are being translated.');
    case 'too-slow':
      throw new DogearError('translation-slow', 'Reading the book takes too long.');
    case 'crashed':
      throw new DogearError('book-unreadable', 'Reading the book takes too much memory.');
    case 'answered':
      break;
    default:
      answer satisfies never;
  }
  const [outcome] = answer.outcomes;
  switch (outcome?.state) {
    case 'translated':
      return { position: outcome, lines: positionLines(outcome) };
    case 'untranslatable':
      throw new DogearError(
        'position-untranslatable',
        `The position has no place: ${reasonText(outcome.reason)}.`,
      );
    case 'book-unreadable':
      throw new DogearError('book-unreadable', `The book cannot be read: ${outcome.message}.`);
    case 'paged':
    case 'fraction':
    case 'book-changed':
    case 'format-unsupported':
    case 'too-slow':
    case undefined:
      throw new Error('a query for a book of markup has the outcome of another format');
    default:
      return outcome satisfies never;
  }
}
