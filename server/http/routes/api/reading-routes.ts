import { z } from 'zod';
import { listReadingOfBook } from '../../../sync/list-reading-of-book.js';
import { listReading, type Reading } from '../../../sync/list-reading.js';
import { bookIdText, id, pageQuery } from '../../api-fields.js';
import { type ApiRoute, jsonRoute } from '../../api-route.js';
import { answerSchema, nextCursorSchema, pageSchema } from '../../api-schemas.js';
import { nextCursor, pageRequest } from '../../cursor.js';
import { documentCursor, documentCursorJson, documentFields, documentJson } from './progress-json.js';

const user = z.strictObject({ id, name: z.string() });
const reading = answerSchema('Reading', z.strictObject({ user, ...documentFields }));
const readers = pageSchema('BookReadingPage', reading);
const readings = answerSchema(
  'ReadingPage',
  z.strictObject({
    items: z.array(reading),
    next_cursor: nextCursorSchema,
    unmatched: z
      .array(z.strictObject({ user, documents: z.int().min(1) }))
      .describe(
        'documents of other users that belong into this part of the list and are left out, because the caller may see no book for them',
      ),
  }),
);

export const readingRoutes: readonly ApiRoute[] = [
  jsonRoute(
    {
      method: 'GET',
      path: '/reading',
      operationId: 'listReading',
      tag: 'progress',
      summary: 'List who reads what: the newest push of each user in each book, the last one first',
      description:
        'With user:manage of all users, of others only books of libraries that the caller may see; otherwise of the caller alone. A page may have fewer items than its limit although another one follows.',
      access: ['feature:koreader_sync', 'user:manage'],
      query: z.object(pageQuery),
      reply: { kind: 'json', status: 200, schema: readings, says: 'A page of what is being read' },
    },
    async ({ store }, { principal, query }) => {
      const page = await listReading(store, principal, pageRequest(query, documentCursor));
      return {
        value: {
          items: page.items.map(readingJson),
          next_cursor: nextCursor(page, documentCursorJson),
          unmatched: page.unmatched.map((each) => ({ user: { ...each.user }, documents: each.documents })),
        },
      };
    },
  ),
  jsonRoute(
    {
      method: 'GET',
      path: '/books/{id}/reading',
      operationId: 'listReadingOfBook',
      tag: 'progress',
      summary: 'List who reads a book: the newest push of each user, by the names of the users',
      description:
        'With user:manage of all users, otherwise of the caller alone. A page may have fewer items than its limit although another one follows.',
      access: ['feature:koreader_sync', 'user:manage'],
      params: z.object({ id: bookIdText }),
      query: z.object(pageQuery),
      reply: { kind: 'json', status: 200, schema: readers, says: 'A page of users who read it' },
      problems: ['book-not-found'],
    },
    async ({ store }, { principal, params, query }) => {
      const page = await listReadingOfBook(store, principal, params.id, pageRequest(query, z.string()));
      return { value: { items: page.items.map(readingJson), next_cursor: nextCursor(page) } };
    },
  ),
];

function readingJson(each: Reading): z.input<typeof reading> {
  return { user: { ...each.user }, ...documentJson(each) };
}
