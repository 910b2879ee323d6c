import type { TranslatedPosition } from '../positions/translation/translated-position.js';
import { positionLines, reasonText } from '../positions/translation/position-lines.js';
import { DogearError } from '../domain/dogear-error.js';
import { formatOf, type Translate, type TranslationQuery } from './translations.js';

export interface PrintedPosition {
  readonly position: TranslatedPosition;
  /** For people. */
  readonly lines: readonly string[];
}

/**
 * A position in a book file in all its forms, whatever the file is called.
 *
 * @throws DogearError `book-unreadable`, `position-untranslatable`, `translation-slow`, `overloaded`
 */
export async function translatePosition(
  translate: Translate,
  path: Buffer,
  query: TranslationQuery,
): Promise<PrintedPosition> {
  if (formatOf(path) === 'pages') {
    throw new DogearError(
      'position-untranslatable',
      'The book has pages, and their numbers are its positions.',
    );
  }
  const answer = await translate({ path, format: 'epub', queries: [query] });
  switch (answer.state) {
    case 'busy':
      throw new DogearError('overloaded', 'Too many positions are being translated.');
    case 'too-slow':
      throw new DogearError('translation-slow', 'Reading the book takes too long.');
    case 'crashed':
      throw new DogearError('book-unreadable', 'The book takes more memory than it may have.');
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
    case 'format-unsupported':
    case 'too-slow':
    case undefined:
      throw new Error('a query for an EPUB has the outcome of another one');
    default:
      return outcome satisfies never;
  }
}
