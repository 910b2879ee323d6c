import { BookError } from '../positions/book-error.js';
import { countPages, pageOfPercentage } from '../positions/pages/page-count.js';
import { parsePosition } from '../positions/position.js';
import type { BookFile, Translator } from '../positions/translation/translator.js';
import type { QueryOutcome, TranslationQuery, TranslationRequest } from './translations.js';

/** Shorter than the time that the caller waits, so that the outcomes until then reach it. */
const BUDGET_MS = 1000;

/**
 * Answers the queries of a request one after the other. Runs in the translation thread, because it reads files
 * synchronously.
 *
 * A query that has not begun after a second is `too-slow`. A single query is not interrupted: the caller stops
 * waiting for the thread. A file that cannot be read is the outcome `book-unreadable` of each query, and one that is not in
 * the state of the request `book-changed`.
 *
 * @returns an outcome for each query, in their order.
 * @throws only on programming errors, which end the thread.
 */
export async function answerTranslation(
  translator: Translator,
  { path, state, format, queries }: TranslationRequest,
): Promise<readonly QueryOutcome[]> {
  const startedMs = performance.now();
  // A view of the bytes that came from the other thread, without a copy.
  const file = Buffer.from(path.buffer, path.byteOffset, path.byteLength);
  const outcomes: QueryOutcome[] = [];
  // Once for all queries: an archive may have tens of thousands of files.
  let pages: Promise<number | undefined> | undefined;
  const pageCount = (): Promise<number | undefined> => (pages ??= countPages(file, state));
  for (const query of queries) {
    outcomes.push(
      performance.now() - startedMs > BUDGET_MS
        ? { state: 'too-slow' }
        : await answered(() =>
            format === 'pages'
              ? paged(pageCount, query)
              : translated(translator, { path: file, state, format }, query),
          ),
    );
  }
  return outcomes;
}

async function answered(work: () => Promise<QueryOutcome>): Promise<QueryOutcome> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof BookError)) throw error;
    if (error.code === 'changed') return { state: 'book-changed' };
    return { state: 'book-unreadable', failure: error.code, message: error.message };
  }
}

function translated(translator: Translator, book: BookFile, query: TranslationQuery): Promise<QueryOutcome> {
  switch (query.kind) {
    case 'position':
      return translator.translateXpointer(book, query.position, { percentage: query.percentage });
    case 'cfi':
      return translator.translateCfi(book, query.cfi);
    case 'locator':
      return translator.translateLocator(book, query.locator);
    default:
      return query satisfies never;
  }
}

/** A position in a document with pages. If the pages are not counted, only a page itself is a known position. */
async function paged(
  countOnce: () => Promise<number | undefined>,
  query: TranslationQuery,
): Promise<QueryOutcome> {
  const pageCount = await countOnce();
  if (query.kind !== 'position') return { state: 'untranslatable', reason: 'other-format' };
  const position = parsePosition(query.position);
  if (position.kind === 'page') {
    return pageCount === undefined || position.page <= pageCount
      ? { state: 'paged', page: position.page, pageCount }
      : { state: 'untranslatable', reason: 'outside-the-book' };
  }
  const { percentage } = query;
  if (pageCount === undefined) {
    return percentage === undefined ? { state: 'format-unsupported' } : { state: 'fraction', percentage };
  }
  if (percentage === undefined) {
    return {
      state: 'untranslatable',
      reason: position.kind === 'opaque' ? 'unknown-form' : 'other-format',
    };
  }
  return { state: 'paged', page: pageOfPercentage(percentage, pageCount), pageCount };
}
