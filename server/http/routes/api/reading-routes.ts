import { z } from 'zod';
import { listReading } from '../../../sync/list-reading.js';
import { id, pageQuery } from '../../api-fields.js';
import { type ApiRoute, jsonRoute } from '../../api-route.js';
import { answerSchema, nextCursorSchema } from '../../api-schemas.js';
import { nextCursor, pageRequest } from '../../cursor.js';
import { documentCursor, documentCursorJson, documentFields, documentJson } from './progress-json.js';

const user = z.strictObject({ id, name: z.string() });
const readings = answerSchema(
  'ReadingPage',
  z.strictObject({
    items: z.array(answerSchema('Reading', z.strictObject({ user, ...documentFields }))),
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
          items: page.items.map((each) => ({ user: { ...each.user }, ...documentJson(each) })),
          next_cursor: nextCursor(page, documentCursorJson),
          unmatched: page.unmatched.map((each) => ({ user: { ...each.user }, documents: each.documents })),
        },
      };
    },
  ),
];
