import type { ChangedBooks } from '../book/changed-books.js';
import type { Actor } from '../domain/actor.js';
import type { PageRequest } from '../domain/page.js';
import type { DevicePosition, PositionCursor } from '../sync/progress.js';
import { worse } from '../positions/confidence.js';
import type { Store } from '../database/store.js';
import { type DocumentDetails, type DocumentOfUser, getDocument } from '../sync/get-document.js';
import { isDigestNow, translatedDocument, type TranslatedDocument } from './translated-document.js';
import type { QueryOutcome, Translate, TranslationAnswer } from './translations.js';

/** A position in other forms, or why there are none. */
export type TranslationDetails =
  | QueryOutcome
  | Exclude<TranslatedDocument, { readonly state: 'found' }>
  | Exclude<TranslationAnswer, { readonly state: 'answered' }>;

export interface TranslationContext {
  readonly store: Store;
  readonly translate: Translate;
  /** Hashes a book again whose file has changed since the last scan. */
  readonly changedBooks: Pick<ChangedBooks, 'rehash'>;
  /** Whether a file that has another inode or time of last change than the scan saw counts as changed. */
  readonly comparesMarks: boolean;
}

export interface TranslatedPositions {
  readonly details: DocumentDetails;
  /** One for each position in `details.positions.items`, in their order. */
  readonly translations: readonly TranslationDetails[];
}

/**
 * What a user's devices have pushed for a document, with the positions in their other forms.
 *
 * @throws DogearError as `getDocument`
 */
export async function getTranslatedPositions(
  context: TranslationContext,
  actor: Actor,
  which: DocumentOfUser,
  page: PageRequest<PositionCursor>,
): Promise<TranslatedPositions> {
  const details = await getDocument(context.store, actor, which, page);
  return { details, translations: await getTranslations(context, actor, details) };
}

/**
 * Translates the positions of a document into their other forms. Every problem (no such book, a missing or broken
 * file, too many requests) is an outcome, so that the positions themselves can always be shown.
 *
 * A position that a device has under a former digest of the book may belong to the file as it was. Its confidences
 * are at most `fragment`. A file that has changed since the last scan gives no translations (`book-changed`), and is hashed
 * again.
 *
 * @param actor whose visible libraries are searched for the file.
 * @param details of the document, as `getDocument` returns them for the same actor.
 * @returns a translation for each position in `details.positions.items`, in their order.
 * @throws what the database throws.
 */
async function getTranslations(
  { store, translate, changedBooks, comparesMarks }: TranslationContext,
  actor: Actor,
  { document, book, positions: { items } }: DocumentDetails,
): Promise<readonly TranslationDetails[]> {
  const found = await translatedDocument(store, actor, document, book, comparesMarks);
  if (found.state === 'format-unsupported') {
    return items.map(({ percentage }) => ({ state: 'fraction', percentage }));
  }
  if (found.state !== 'found') return items.map(() => found);
  const answer = await translate(
    {
      path: found.path,
      state: found.fileState,
      format: found.format,
      queries: items.map(queryOfPosition),
    },
    actor.userId,
  );
  if (answer.state !== 'answered') return items.map(() => answer);
  if (answer.outcomes.some(({ state }) => state === 'book-changed')) changedBooks.rehash(actor, found.bookId);
  const outcomes = items.map((_, index) => answer.outcomes[index] ?? { state: 'too-slow' as const });
  // A device with a former digest may have the file as it was.
  return outcomes.map((outcome, index) => {
    const position = items[index];
    const isNow = position !== undefined && book !== undefined && isDigestNow(position.document, book);
    return isNow ? outcome : inOtherFile(outcome);
  });
}

function queryOfPosition({ position, percentage }: DevicePosition) {
  return { kind: 'position', position, percentage } as const;
}

/**
 * The outcome for a position in another state of the file. Most changes of a file concern its description only, but a
 * place that looks exact may be another one.
 */
export function inOtherFile(outcome: QueryOutcome): QueryOutcome {
  if (outcome.state !== 'translated') return outcome;
  return {
    ...outcome,
    xpointerConfidence: worse(outcome.xpointerConfidence, 'fragment'),
    cfiConfidence: worse(outcome.cfiConfidence, 'fragment'),
  };
}
