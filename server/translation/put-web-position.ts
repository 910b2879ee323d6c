import type { Document } from '../domain/document.js';
import { DogearError } from '../domain/dogear-error.js';
import type { UserId } from '../domain/ids.js';
import type { Principal } from '../domain/principal.js';
import { type Fraction, parseFraction, POSITION_BYTES } from '../sync/progress.js';
import type { ReaderDevice } from '../device/device.js';
import type { TranslatedPosition } from '../positions/translation/translated-position.js';
import type { Locator } from '../positions/translation/locator.js';
import { booksOfDocuments } from '../sync/books-of-documents.js';
import { progressKeyText } from '../sync/progress-key.js';
import { putProgress } from '../sync/put-progress.js';
import { inOtherFile, type TranslationDetails, type TranslationContext } from './get-translations.js';
import type { SyncStore } from '../sync/sync-store.js';
import { translatedDocument } from './translated-document.js';
import type { TranslationQuery } from './translations.js';

type PagedPosition = Extract<TranslationDetails, { readonly state: 'paged' }>;

/** Where a web reader is in a document. */
export interface WebPosition {
  readonly document: Document;
  readonly place: { readonly cfi: string } | { readonly locator: Locator } | { readonly page: number };
  readonly device: ReaderDevice;
  /** Of whom the place is, if the reader says so. */
  readonly expectedUserId: UserId | undefined;
  /** Also store a place of which only the chapter, or a fraction of the book, is certain. */
  readonly allowsChapter: boolean;
}

export type WebPositionOutcome =
  | {
      readonly state: 'stored';
      /** The x-pointer, or the page, that KOReader will pull. */
      readonly position: string;
      readonly percentage: Fraction;
      readonly pushedMs: number;
      readonly translation: TranslatedPosition | PagedPosition;
    }
  /** The place is too uncertain to be given to KOReader. Nothing was stored. */
  | {
      readonly state: 'imprecise';
      readonly failure: 'fragment' | 'percentage' | 'none' | 'too-long' | 'book-changed';
    }
  | { readonly state: 'not-translated'; readonly outcome: Exclude<TranslationDetails, TranslatedPosition> };

/**
 * Stores where a web reader is, as a push of a device of its own (RULES.md R13), with the x-pointer for KOReader
 * and the fraction of the book before it (0–1). The translator has resolved the x-pointer as strictly as KOReader
 * (RULES.md R3).
 *
 * Only EPUBs, FictionBooks and HTML files are translated, and for the latter two the place is a locator. The result is
 * `imprecise`, and nothing is stored, if only the chapter or a fraction is known, if the document is a former digest of
 * the book (`book-changed`), both unless `allowsChapter` is true; if there is no place (`none`); and if the x-pointer
 * is longer than a position may be (`too-long`). A book that is missing, broken or of another format, one whose file
 * has changed since the last scan (it is hashed again), and a translator that is too slow or too busy, give
 * `not-translated`.
 *
 * @param principal who sends the request: the user whose progress is stored, and whose visible libraries are
 *   searched.
 * @throws DogearError `user-changed`: the place is of another user than the principal. Nothing was stored.
 * @throws SyncError `overloaded`, `unavailable`, `refused`, as `putProgress`
 */
export async function putWebPosition(
  {
    store,
    translate,
    changedBooks,
    comparesMarks,
    sync,
  }: TranslationContext & {
    readonly sync: Pick<SyncStore, 'isKnown' | 'isCachedAsKnown' | 'claim' | 'pushes'>;
  },
  principal: Principal,
  { document, place, device, expectedUserId, allowsChapter }: WebPosition,
): Promise<WebPositionOutcome> {
  if (expectedUserId !== undefined && expectedUserId !== principal.userId) {
    throw new DogearError(
      'user-changed',
      `The place is of user ${String(expectedUserId)}, but ${principal.userName} is signed in. Open the book again.`,
    );
  }
  const key = { userId: principal.userId, document };
  const books = await booksOfDocuments(store, principal, [key]);
  const book = books.get(progressKeyText(key));
  const found = await translatedDocument(store, principal, document, book, comparesMarks);
  if (found.state !== 'found') return { state: 'not-translated', outcome: found };
  const { format } = found;
  if ((format === 'pages') !== 'page' in place) {
    return { state: 'not-translated', outcome: { state: 'format-unsupported' } };
  }
  // The x-pointer is checked in another file than the one that the reader has.
  if (found.isFormer && !allowsChapter) return { state: 'imprecise', failure: 'book-changed' };
  const queries = [queryOfPlace(place)];
  const answer = await translate(
    { path: found.path, state: found.fileState, format, queries },
    principal.userId,
  );
  if (answer.state !== 'answered') return { state: 'not-translated', outcome: answer };
  const outcome = answer.outcomes[0] ?? { state: 'too-slow' };
  const translation = found.isFormer ? inOtherFile(outcome) : outcome;
  if (translation.state === 'book-changed') changedBooks.rehash(principal, found.bookId);
  const keep = (position: string, fraction: number): Promise<KeptPosition> =>
    putPosition(sync, principal, { document, position, device }, fraction);
  if (translation.state === 'paged') {
    const { page, pageCount } = translation;
    // In a PDF the pages are not counted, and there would be no fraction.
    if (pageCount === undefined || page > pageCount) return { state: 'not-translated', outcome: translation };
    return { ...(await keep(String(page), page / pageCount)), translation };
  }
  if (translation.state !== 'translated') return { state: 'not-translated', outcome: translation };
  const { xpointer: position, xpointerConfidence: confidence } = translation;
  switch (confidence) {
    case 'exact':
    case 'clamped':
    case 'element':
      break;
    case 'fragment':
    case 'percentage':
      if (allowsChapter) break;
      return { state: 'imprecise', failure: confidence };
    case 'none':
      return { state: 'imprecise', failure: confidence };
    default:
      confidence satisfies never;
  }
  if (Buffer.byteLength(position) > POSITION_BYTES) return { state: 'imprecise', failure: 'too-long' };
  return { ...(await keep(position, translation.percentage)), translation };
}

type KeptPosition = Pick<
  Extract<WebPositionOutcome, { readonly state: 'stored' }>,
  'state' | 'position' | 'percentage' | 'pushedMs'
>;

/** @param fraction of the book before the position, 0 to 1 */
async function putPosition(
  sync: Pick<SyncStore, 'isKnown' | 'isCachedAsKnown' | 'claim' | 'pushes'>,
  principal: Principal,
  place: { readonly document: Document; readonly position: string; readonly device: ReaderDevice },
  fraction: number,
): Promise<KeptPosition> {
  const percentage = parseFraction(fraction);
  if (percentage === undefined) throw new Error('the translator gave no fraction');
  const pushedMs = Date.now();
  // Its book was found before.
  await putProgress(
    sync,
    principal,
    { ...place, percentage, metadataJson: undefined },
    { unknownDocuments: 'store', sinceMs: performance.now(), pushedMs },
  );
  return { state: 'stored', position: place.position, percentage, pushedMs };
}

function queryOfPlace(place: WebPosition['place']): TranslationQuery {
  if ('cfi' in place) return { kind: 'cfi', cfi: place.cfi };
  if ('page' in place) return { kind: 'position', position: String(place.page) };
  const { locations, ...locator } = place.locator;
  if (locations === undefined) return { kind: 'locator', locator };
  // Without the fraction of the book: a locator of another book has one too, and it would be found by it.
  const { totalProgression: _, ...within } = locations;
  return { kind: 'locator', locator: { ...locator, locations: within } };
}
