import { z } from 'zod';
import type { DocumentLink, LinkedFor } from '../../../book/document-link.js';
import { linkDocument, listLinks, unlinkDocument } from '../../../sync/link-document.js';
import { bookIdText, documentPart, documentText, id, time, timeOfSeconds } from '../../api-fields.js';
import { type ApiRoute, emptyRoute, jsonRoute } from '../../api-route.js';
import { answerSchema, requestSchema } from '../../api-schemas.js';

const linkFields = {
  document: z.string(),
  book_id: id,
  everybody: z.boolean().describe('whether it holds for all users; otherwise for the caller'),
  linked_by: id.nullable().describe('the user who made it; null: the operator at the command line'),
  linked_at: time,
};
const link = answerSchema('DocumentLink', z.strictObject(linkFields));
const links = answerSchema(
  'DocumentLinks',
  z.strictObject({
    items: z.array(
      z.strictObject({
        ...linkFields,
        linked_by_name: z
          .string()
          .nullable()
          .describe('null also for other users than the caller, without user:manage'),
      }),
    ),
  }),
);

const newLink = requestSchema(
  'NewDocumentLink',
  z.strictObject({
    document: documentText,
    everybody: z.boolean().default(false).describe('for all users; needs library:manage'),
  }),
);

const params = z.object({ id: bookIdText });

export const linkRoutes: readonly ApiRoute[] = [
  jsonRoute(
    {
      method: 'POST',
      path: '/books/{id}/documents',
      operationId: 'linkDocument',
      tag: 'unmatched',
      summary: 'Link a document to a book: from then on it finds the book',
      description:
        'For readers with a file that no library has. What was kept of the document in the list of unmatched documents becomes progress at once. The same link may be made again.',
      access: ['feature:koreader_sync', 'library:manage'],
      params,
      body: newLink,
      reply: { kind: 'json', status: 201, schema: link, says: 'The link' },
      problems: ['book-not-found', 'document-has-book', 'document-linked', 'document-links-at-limit'],
    },
    async ({ store, sync }, { principal, params: { id: bookId }, body: { document, everybody } }) => {
      const linkedFor = everybody ? 'everybody' : principal.userId;
      const made = await linkDocument(store, principal, { document, bookId, linkedFor });
      sync.forgetLibraries();
      return { value: linkJson(made) };
    },
  ),
  jsonRoute(
    {
      method: 'GET',
      path: '/books/{id}/documents',
      operationId: 'showLinks',
      tag: 'unmatched',
      summary: 'Show the documents that are linked to a book, for everybody or for the caller',
      access: 'any key',
      params,
      reply: { kind: 'json', status: 200, schema: links, says: 'The links' },
      problems: ['book-not-found'],
    },
    async ({ store }, { principal, params: { id: bookId } }) => ({
      value: {
        items: (await listLinks(store, principal, bookId)).map((shown) => ({
          ...linkJson(shown),
          linked_by_name: shown.linkedByName ?? null,
        })),
      },
    }),
  ),
  emptyRoute(
    {
      method: 'DELETE',
      path: '/books/{id}/documents/{document}',
      operationId: 'unlinkDocument',
      tag: 'unmatched',
      summary: 'Take the link of a document to a book back',
      description:
        'What was pushed for the document stays its own progress, which the book no longer has. It is a document without a book again.',
      access: ['feature:koreader_sync', 'library:manage'],
      params: z.object({ id: bookIdText, document: documentPart }),
      query: z.object({
        everybody: z
          .enum(['true', 'false'])
          .default('false')
          .transform((value) => value === 'true')
          .describe('the link for all users; needs library:manage'),
      }),
      reply: { kind: 'empty', says: 'It is no longer linked' },
      problems: ['book-not-found', 'document-link-not-found'],
    },
    async ({ store, sync }, { principal, params: { id: bookId, document }, query: { everybody } }) => {
      const linkedFor: LinkedFor = everybody ? 'everybody' : principal.userId;
      await unlinkDocument(store, principal, { document, bookId, linkedFor });
      sync.forgetLibraries();
    },
  ),
];

function linkJson({
  document,
  bookId,
  linkedFor,
  linkedBy,
  linkedSeconds,
}: DocumentLink): z.input<typeof link> {
  return {
    document,
    book_id: bookId,
    everybody: linkedFor === 'everybody',
    linked_by: linkedBy ?? null,
    linked_at: timeOfSeconds(linkedSeconds),
  };
}
