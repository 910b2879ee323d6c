import { z } from 'zod';
import { explainBook } from '../../../sync/explain-book.js';
import { explainDocument } from '../../../sync/explain-document.js';
import { bookExplanationSentences, explanationSentences } from '../../../sync/explanation-sentences.js';
import { forgetUnmatched } from '../../../sync/forget-unmatched.js';
import { countUnmatchedOf, listUnmatched, type SuggestedUnmatched } from '../../../sync/list-unmatched.js';
import type { UnmatchedCursor } from '../../../sync/unmatched-document.js';
import { bookIdText, documentPart, documentText, id, pageQuery, time, timeOfMs } from '../../api-fields.js';
import { type ApiRoute, emptyRoute, jsonRoute } from '../../api-route.js';
import { answerSchema, nextCursorSchema } from '../../api-schemas.js';
import { nextCursor, pageRequest } from '../../cursor.js';
import {
  bookReference,
  bookReferenceJson,
  deviceReference,
  deviceReferenceOf,
  metadata,
  metadataObject,
  positionFields,
} from './progress-json.js';

const { progress, percentage } = positionFields;

const unmatchedDocument = answerSchema(
  'UnmatchedDocument',
  z.strictObject({
    document: z.string(),
    progress,
    percentage,
    device: deviceReference.describe('the device that pushed it last'),
    metadata,
    first_seen: time,
    last_seen: time,
    pushes: z.int().min(1).describe('how often it was pushed without a book'),
    suggestions: z
      .array(
        z.strictObject({
          book: bookReference,
          reason: z
            .enum(['same-file-name', 'title-and-author', 'other-format', 'title'])
            .describe('what of the metadata the file name of the book follows from'),
        }),
      )
      .describe('books that it may be, the likeliest first'),
  }),
);
const unmatchedDocuments = answerSchema(
  'UnmatchedDocumentPage',
  z.strictObject({
    items: z.array(unmatchedDocument),
    next_cursor: nextCursorSchema,
    total: z
      .int()
      .min(0)
      .describe('documents of the caller on all pages, also those that have found a book a moment ago'),
    others: z
      .int()
      .min(0)
      .nullable()
      .describe('documents of other users, of whom nothing else is shown; null without user:manage'),
  }),
);

const explanation = answerSchema(
  'DocumentExplanation',
  z.strictObject({
    document: z.string(),
    known: z.boolean().describe('whether pushes of the caller find a book'),
    ambiguous: z.boolean().describe('books of different contents have it: it stands for none of them'),
    books: z
      .array(
        z.strictObject({
          book: bookReference,
          why: z.array(
            z.enum([
              'partial-md5',
              'filename-md5',
              'former-partial-md5',
              'former-filename-md5',
              'name-form',
              'own-link',
              'link-for-everybody',
            ]),
          ),
        }),
      )
      .describe('the first books to which it leads, and how'),
    others: z.array(z.string()).describe('other documents that share its progress'),
    sentences: z.array(z.string()).describe('all of this for people'),
  }),
);

const bookExplanation = answerSchema(
  'BookExplanation',
  z.strictObject({
    book_id: id,
    everybody: z.boolean().describe('whether every user may see it'),
    last_push: time.nullable().describe('of the caller, under any document that stands for the book'),
    linked: z.array(z.string()).describe('documents that are linked to it, for everybody or for the caller'),
    sentences: z
      .array(z.string())
      .describe('all of this for people, with its digests; /books/{id} has them as data'),
  }),
);

const cursor = z
  .strictObject({ t: z.int().min(0), d: documentText })
  .transform(({ t, d }): UnmatchedCursor => ({ lastSeenMs: t, document: d }));

export const unmatchedRoutes: readonly ApiRoute[] = [
  jsonRoute(
    {
      method: 'GET',
      path: '/unmatched',
      operationId: 'listUnmatched',
      tag: 'unmatched',
      summary:
        'List the documents that the caller pushed and that no book has, refused or stored. The last pushed first',
      description:
        'A page may have fewer items than its limit although another one follows: what has found a book is left out. The list is some seconds late. The settings bound it.',
      access: ['feature:koreader_sync'],
      query: z.object({ ...pageQuery }),
      reply: { kind: 'json', status: 200, schema: unmatchedDocuments, says: 'A page of documents' },
    },
    async ({ store }, { principal, query }) => {
      const page = await listUnmatched(store, principal, undefined, pageRequest(query, cursor));
      const { own, ofOthers } = await countUnmatchedOf(store, principal);
      return {
        value: {
          items: page.items.map(unmatchedJson),
          next_cursor: nextCursor(page, ({ lastSeenMs, document }) => ({ t: lastSeenMs, d: document })),
          total: own,
          others: ofOthers ?? null,
        },
      };
    },
  ),
  emptyRoute(
    {
      method: 'DELETE',
      path: '/unmatched/{document}',
      operationId: 'forgetUnmatched',
      tag: 'unmatched',
      summary: 'Take a document out of the list of those that the caller pushed in vain',
      description:
        'The position of a refused push goes with it; one that was stored stays. When it is pushed again, it is listed again. A document that is not listed is no failure.',
      access: ['feature:koreader_sync'],
      params: z.object({ document: documentPart }),
      reply: { kind: 'empty', says: 'It is not listed' },
    },
    ({ store }, { principal, params: { document } }) => forgetUnmatched(store, principal, document),
  ),
  jsonRoute(
    {
      method: 'GET',
      path: '/books/{id}/why',
      operationId: 'explainBook',
      tag: 'unmatched',
      summary: 'Say by which documents a book is found, who may see it, and what the caller pushed last',
      access: ['feature:koreader_sync'],
      params: z.object({ id: bookIdText }),
      reply: { kind: 'json', status: 200, schema: bookExplanation, says: 'What is known of the book' },
      problems: ['book-not-found'],
    },
    async ({ store }, { principal, params: { id: bookId } }) => {
      const known = await explainBook(store, principal, { userId: undefined, bookId });
      return {
        value: {
          book_id: bookId,
          everybody: known.isForEverybody,
          last_push: known.reading === undefined ? null : timeOfMs(known.reading.record.pushedMs),
          linked: known.links.map(({ document }) => document),
          sentences: [...bookExplanationSentences(known)],
        },
      };
    },
  ),
  jsonRoute(
    {
      method: 'GET',
      path: '/documents/{document}/why',
      operationId: 'explainDocument',
      tag: 'unmatched',
      summary: 'Say why pushes of a document do or do not find a book',
      access: ['feature:koreader_sync'],
      params: z.object({ document: documentPart }),
      reply: { kind: 'json', status: 200, schema: explanation, says: 'What is known of the document' },
    },
    async ({ store }, { principal, params: { document } }) => {
      const known = await explainDocument(store, principal, { userId: undefined, document });
      return {
        value: {
          document,
          known: known.isKnown,
          ambiguous: known.isAmbiguous,
          books: known.books.map(({ book, why }) => ({ book: bookReferenceJson(book), why: [...why] })),
          others: [...known.others],
          sentences: [...explanationSentences(known)],
        },
      };
    },
  ),
];

function unmatchedJson(known: SuggestedUnmatched): z.input<typeof unmatchedDocument> {
  return {
    document: known.document,
    progress: known.position,
    percentage: known.percentage,
    device: deviceReferenceOf(known.device, known.friendlyName),
    metadata: metadataObject(known.metadataJson),
    first_seen: timeOfMs(known.firstSeenMs),
    last_seen: timeOfMs(known.lastSeenMs),
    pushes: known.pushes,
    suggestions: known.suggestions.map(({ book, reason }) => ({ book: bookReferenceJson(book), reason })),
  };
}
