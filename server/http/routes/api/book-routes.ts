import { z } from 'zod';
import { type BookCursor, type BookFilter, listBooks } from '../../../book/list-books.js';
import { rehashBook } from '../../../book/rehash-book.js';
import { joinSuccessor } from '../../../book/join-successor.js';
import { SUCCESSOR_REASONS, suggestSuccessors } from '../../../book/suggest-successors.js';
import { getBook, type BookDetails } from '../../../book/get-book.js';
import { NAME_FORMS } from '../../../book/name-forms.js';
import { parsePathSearch, SEARCH_WORDS } from '../../../book/path-search.js';
import {
  bookIdNumber,
  bookIdText,
  digest,
  id,
  libraryIdNumber,
  libraryIdText,
  pageQuery,
  pathJson,
  pathSchema,
  text,
  time,
  timeOfMs,
  timeOfNs,
  timeOfSeconds,
} from '../../api-fields.js';
import { type ApiRoute, jsonRoute } from '../../api-route.js';
import { answerSchema, pageSchema, requestSchema } from '../../api-schemas.js';
import { cursorBytes, nextCursor, pageRequest } from '../../cursor.js';
import { ProblemError } from '../../problem.js';

const syncState = z
  .strictObject({
    ready: z.boolean().describe('whether a reader that opens the file as it is now finds this book'),
    reason: z
      .enum(['missing', 'hash-failed', 'hashes-off', 'not-hashed'])
      .nullable()
      .describe('why not; null when ready'),
    failure: z
      .string()
      .nullable()
      .describe('with hash-failed: unreadable, not-regular, link-loop, path-too-long, io-error …'),
  })
  .describe('former digests find the book in any case');

const book = {
  id,
  library_id: id,
  path: pathSchema.describe('relative to the root of the library'),
  title: z
    .string()
    .nullable()
    .describe('as the EPUB says; null: it says none, was not read yet, or is no EPUB'),
  authors: z.array(z.string()).describe('as the EPUB says'),
  size_bytes: z.int().min(0),
  modified_at: time.nullable().describe('of the file; null for a time that RFC 3339 cannot write'),
  partial_md5: digest.nullable(),
  filename_md5: digest.nullable(),
  hashed_at: time.nullable().describe('null: the present file has no digests'),
  missing_since: time.nullable(),
  sync: syncState,
};
const listedBookSchema = answerSchema('Book', z.strictObject(book));
const books = pageSchema('BookPage', listedBookSchema);
const shownBook = answerSchema(
  'BookWithFormerDigests',
  z.strictObject({
    ...book,
    series: z.string().nullable(),
    series_index: z.number().nullable(),
    language: z.string().nullable().describe('a language tag, as the EPUB says'),
    identifier: z.string().nullable().describe('the identifier that the EPUB gives itself'),
    former_digests: z
      .array(
        z.strictObject({
          kind: z.enum(['partial', 'filename']),
          digest,
          replaced_at: time,
        }),
      )
      .describe('earlier digests of the book, which readers may still send; the latest 200, latest first'),
    name_forms: z
      .array(z.strictObject({ origin: z.enum(NAME_FORMS), digest }))
      .describe(
        'the MD5 of other forms of the file name, and by which rule: nfc and nfd (accents composed or not), koreader (a ' +
          'download on FAT), calibre (characters that no disk takes), ascii (without accents), kepub (the extension), ' +
          'opds ("Author - Title", a download from a catalogue)',
      ),
  }),
);

const successors = answerSchema(
  'BookSuccessors',
  z.strictObject({
    items: z
      .array(
        z.strictObject({
          book: listedBookSchema,
          reason: z
            .enum(SUCCESSOR_REASONS)
            .describe(
              'the strongest one; same-structure: the identifier and the parts of the EPUB are the same; same-folder: and ' +
                'nearly the same size',
            ),
        }),
      )
      .max(5)
      .describe('the likeliest first; none for a book that is not missing'),
  }),
);

const newSuccessor = requestSchema(
  'NewSuccessor',
  z.strictObject({ book_id: bookIdNumber.describe('a present book of the same library') }),
);

export const bookCursor = z.union([
  z
    .strictObject({ l: libraryIdNumber, p: cursorBytes })
    .transform(({ l, p }): BookCursor => ({ behind: 'path', libraryId: l, path: p })),
  z.strictObject({ b: bookIdNumber }).transform(({ b }): BookCursor => ({ behind: 'book', id: b })),
]);

export const searchedWords = text(200).refine(
  (words) => words.trim().split(/\s+/u).length <= SEARCH_WORDS,
  `has at most ${String(SEARCH_WORDS)} words`,
);

const params = z.object({ id: bookIdText });

export const bookRoutes: readonly ApiRoute[] = [
  jsonRoute(
    {
      method: 'GET',
      path: '/books',
      operationId: 'listBooks',
      tag: 'books',
      summary: 'List books by library and path, or search them',
      description:
        'A page of a search may hold fewer books than limit, or none, and still have a next_cursor, because one ' +
        'request searches a limited number of books.',
      access: 'any key',
      query: z.object({
        ...pageQuery,
        library_id: libraryIdText.optional().describe('only this library'),
        q: searchedWords
          .optional()
          .describe('books whose path contains each of these words, in upper or lower case'),
        title: searchedWords
          .optional()
          .describe(
            'books whose title, authors or series contain each of these words, in upper or lower case',
          ),
        digest: digest
          .optional()
          .describe('books that have, or had, this partial or filename MD5, in the order of their ids'),
        state: z
          .enum(['ready', 'missing', 'failed', 'not-hashed'])
          .optional()
          .describe('only books in this state: the reason of their sync, or ready'),
      }),
      reply: { kind: 'json', status: 200, schema: books, says: 'A page of books' },
      problems: ['library-not-found', 'book-not-found', 'cursor-invalid'],
    },
    async ({ store }, { principal, query }) => {
      const filter: BookFilter = {
        libraryId: query.library_id,
        wanted: wantedOf(query),
        state: query.state,
      };
      const request = pageRequest(query, bookCursor);
      if (filter.wanted.kind === 'digest' && request.after?.behind === 'path') {
        throw new ProblemError('cursor-invalid', 'This cursor belongs to a list by path.');
      }
      const page = await listBooks(store, principal, filter, request);
      return {
        value: {
          items: page.items.map(bookJson),
          next_cursor: nextCursor(page, bookCursorJson),
        },
      };
    },
  ),
  jsonRoute(
    {
      method: 'GET',
      path: '/books/{id}',
      operationId: 'showBook',
      tag: 'books',
      summary: 'Show a book with its former digests',
      access: 'any key',
      params,
      reply: { kind: 'json', status: 200, schema: shownBook, says: 'The book' },
      problems: ['book-not-found'],
    },
    async ({ store }, { principal, params: { id: bookId } }) => ({
      value: bookDetailsJson(await getBook(store, principal, bookId)),
    }),
  ),
  jsonRoute(
    {
      method: 'POST',
      path: '/books/{id}/hash',
      operationId: 'hashBook',
      tag: 'books',
      summary: 'Hash a book again, even if its file has not changed',
      description: 'Its former digests are kept and still find it.',
      access: ['library:scan'],
      params,
      body: z.strictObject({}),
      reply: { kind: 'json', status: 200, schema: shownBook, says: 'The book with its new digests' },
      problems: ['book-not-found', 'hashes-off', 'hash-failed', 'storage-slow'],
    },
    async (management, { principal, params: { id: bookId } }) => {
      const outcome = await rehashBook(management, principal, bookId);
      if (outcome.state === 'failed') {
        throw new ProblemError('hash-failed', outcome.message, [], { failure: outcome.code });
      }
      management.sync.forgetLibraries();
      return { value: bookDetailsJson(outcome.book) };
    },
  ),
  jsonRoute(
    {
      method: 'GET',
      path: '/books/{id}/successors',
      operationId: 'showSuccessors',
      tag: 'books',
      summary: 'Show the books that a missing book may have become',
      description:
        'A scan joins a missing book with the file that it certainly has become. These are others, added to the same ' +
        'library later, for somebody to decide.',
      access: 'any key',
      params,
      reply: { kind: 'json', status: 200, schema: successors, says: 'The suggestions' },
      problems: ['book-not-found'],
    },
    async ({ store }, { principal, params: { id: bookId } }) => ({
      value: {
        items: (await suggestSuccessors(store, principal, bookId)).map((successor) => ({
          book: bookJson(successor),
          reason: successor.reason,
        })),
      },
    }),
  ),
  jsonRoute(
    {
      method: 'POST',
      path: '/books/{id}/successor',
      operationId: 'joinSuccessor',
      tag: 'books',
      summary: 'Join a missing book with the book that it has become',
      description:
        'They are one book from then on, with the id of the missing one, the file of the other one, and the digests, links ' +
        'and places of both. It cannot be undone.',
      access: ['library:manage'],
      params,
      body: newSuccessor,
      reply: { kind: 'json', status: 200, schema: shownBook, says: 'The joined book' },
      problems: ['book-not-found', 'books-not-joinable'],
    },
    async ({ store, sync }, { principal, params: { id: missingId }, body: { book_id: successorId } }) => {
      const joined = await joinSuccessor(store, principal, { missingId, successorId });
      sync.forgetLibraries();
      return { value: bookDetailsJson(joined) };
    },
  ),
];

function wantedOf(query: {
  readonly q?: string | undefined;
  readonly title?: string | undefined;
  readonly digest?: string | undefined;
}): BookFilter['wanted'] {
  const given = (['q', 'title', 'digest'] as const).filter((name) => query[name] !== undefined);
  const second = given[1];
  if (second !== undefined) {
    throw new ProblemError('parameter-invalid', 'Search by one of q, title and digest.', [
      { parameter: second, detail: `cannot be given with ${given[0] ?? ''}` },
    ]);
  }
  if (query.digest !== undefined) return { kind: 'digest', digest: Buffer.from(query.digest, 'hex') };
  const search = parsePathSearch(query.q ?? query.title ?? '');
  if (search === undefined) return { kind: 'all' };
  return { kind: query.title === undefined ? 'path' : 'title', search };
}

export function bookCursorJson(place: BookCursor): unknown {
  return place.behind === 'path'
    ? { l: place.libraryId, p: place.path.toString('base64url') }
    : { b: place.id };
}

function bookJson({
  book: known,
  readiness,
  metadata,
}: Pick<BookDetails, 'book' | 'readiness' | 'metadata'>): z.input<typeof listedBookSchema> {
  return {
    id: known.id,
    library_id: known.libraryId,
    path: pathJson(known.path),
    title: metadata?.title ?? null,
    authors: [...(metadata?.authors ?? [])],
    size_bytes: known.sizeBytes,
    modified_at: timeOfNs(known.modifiedNs),
    partial_md5: known.partialMd5?.toString('hex') ?? null,
    filename_md5: known.filenameMd5?.toString('hex') ?? null,
    hashed_at: timeOfMs(known.hashedMs),
    missing_since: timeOfSeconds(known.missingSinceSeconds),
    sync: {
      ready: readiness.ready,
      reason: readiness.ready ? null : readiness.reason,
      failure: known.failure ?? null,
    },
  };
}

function bookDetailsJson(details: BookDetails): z.input<typeof shownBook> {
  const { metadata, formerDigests, nameForms } = details;
  return {
    ...bookJson(details),
    series: metadata?.series ?? null,
    series_index: metadata?.seriesIndex ?? null,
    language: metadata?.language ?? null,
    identifier: metadata?.identifier ?? null,
    former_digests: formerDigests.map((former) => ({
      kind: former.kind === 'partial' ? ('partial' as const) : ('filename' as const),
      digest: former.digest.toString('hex'),
      replaced_at: timeOfSeconds(former.replacedSeconds),
    })),
    name_forms: nameForms.flatMap(({ kind, digest: of }) =>
      kind === 'partial' || kind === 'filename' ? [] : [{ origin: kind, digest: of.toString('hex') }],
    ),
  };
}
