import { z } from 'zod';
import { deletePosition } from '../../../sync/delete-position.js';
import { getHistory } from '../../../sync/get-history.js';
import type { HistoryCursor, ShownHistoryEntry } from '../../../sync/history.js';
import { listProgress } from '../../../sync/list-progress.js';
import { getTranslatedPositions, type TranslationDetails } from '../../../translation/get-translations.js';
import type { DevicePosition, PositionCursor } from '../../../sync/progress.js';
import {
  documentPart,
  documentText,
  opaqueBytes,
  pageQuery,
  time,
  timeOfMs,
  userQuery,
} from '../../api-fields.js';
import { type Access, type ApiRoute, emptyRoute, jsonRoute } from '../../api-route.js';
import { answerSchema, nextCursorSchema, pageSchema } from '../../api-schemas.js';
import { cursorBytes, nextCursor, pageRequest } from '../../cursor.js';
import {
  deviceReference,
  deviceReferenceJson,
  deviceReferenceOf,
  documentCursor,
  documentCursorJson,
  documentJson,
  listedDocument,
  metadata,
  metadataObject,
  positionFields,
  titledBook,
  titledBookJson,
} from './progress-json.js';
import { translationJson, translationSchema } from './translation-json.js';

const documents = answerSchema(
  'DocumentProgressPage',
  z.strictObject({
    items: z.array(listedDocument),
    next_cursor: nextCursorSchema,
    unmatched: z
      .int()
      .min(0)
      .describe(
        'how many documents of another user belong into this part of the list and are left out, because the caller may see no book for them',
      ),
  }),
);

const shownDocument = answerSchema(
  'DocumentPositions',
  z.strictObject({
    document: z.string(),
    book: titledBook,
    positions: z
      .array(
        z.strictObject({
          device: deviceReference,
          document: z
            .string()
            .describe('the document of the device, which may be another digest of the same book'),
          ...positionFields,
          metadata,
          translation: translationSchema,
        }),
      )
      .describe(
        'the last position of each device in this book, under any of its digests, newest first; readers get the first one of the first page',
      ),
    next_cursor: nextCursorSchema,
  }),
);

const historyEntry = answerSchema(
  'HistoryEntry',
  z.strictObject({
    document: z.string().describe('the document of the device, which may be another digest of the same book'),
    device: deviceReference,
    percentage: z.number().min(0).max(1).describe('a fraction'),
    pushed_at: time,
    position: z.string().describe('the position as the reader sent it: a page, an x-pointer, a CFI'),
  }),
);
const history = pageSchema('HistoryPage', historyEntry);
const historyCursor = z
  .strictObject({ a: z.int(), d: documentText })
  .transform(({ a, d }): HistoryCursor => ({ arrival: a, document: d }));

const cursor = z
  .strictObject({ a: z.int(), k: cursorBytes, d: documentText })
  .transform(({ a, k, d }): PositionCursor => ({ arrival: a, deviceKey: k, document: d }));

const ACCESS: Access = ['feature:koreader_sync', 'user:manage'];

export const progressRoutes: readonly ApiRoute[] = [
  jsonRoute(
    {
      method: 'GET',
      path: '/progress',
      operationId: 'listProgress',
      tag: 'progress',
      summary: 'List the documents with progress, each with its newest position, the last pushed first',
      description:
        'Of other users only books of libraries that the caller may see. A page may have fewer items than its limit although another one follows.',
      access: ACCESS,
      query: z.object({ ...pageQuery, user_id: userQuery }),
      reply: { kind: 'json', status: 200, schema: documents, says: 'A page of documents' },
      problems: ['user-not-found'],
    },
    async ({ store }, { principal, query }) => {
      const page = await listProgress(store, principal, query.user_id, pageRequest(query, documentCursor));
      const unmatched = page.unmatched.reduce((sum, { documents: count }) => sum + count, 0);
      return {
        value: {
          items: page.items.map(documentJson),
          next_cursor: nextCursor(page, documentCursorJson),
          unmatched,
        },
      };
    },
  ),
  jsonRoute(
    {
      method: 'GET',
      path: '/progress/{document}',
      operationId: 'showProgress',
      tag: 'progress',
      summary: 'Show the last position of each device in a document',
      access: ACCESS,
      params: z.object({ document: documentPart }),
      query: z.object({ ...pageQuery, user_id: userQuery }),
      reply: { kind: 'json', status: 200, schema: shownDocument, says: 'The document' },
      problems: ['user-not-found', 'progress-not-found'],
    },
    async (management, { principal, params, query }) => {
      const which = { userId: query.user_id, document: params.document };
      const page = pageRequest(query, cursor);
      const { details: shown, translations } = await getTranslatedPositions(
        management,
        principal,
        which,
        page,
      );
      return {
        value: {
          document: shown.document,
          book: titledBookJson(shown.book),
          positions: shown.positions.items.map((each, index) => positionJson(each, translations[index])),
          next_cursor: nextCursor(shown.positions, (last) => ({
            a: last.arrival,
            k: last.deviceKey.toString('base64url'),
            d: last.document,
          })),
        },
      };
    },
  ),
  jsonRoute(
    {
      method: 'GET',
      path: '/progress/{document}/history',
      operationId: 'listHistory',
      tag: 'progress',
      summary: 'List how far a document was read and when, the newest entry first',
      description:
        'Of all devices, under any digest of the book. A push is an entry when it moved the progress by half a point, or half an hour after the entry before; entries are some seconds late. The settings bound their number and age.',
      access: ACCESS,
      params: z.object({ document: documentPart }),
      query: z.object({ ...pageQuery, user_id: userQuery }),
      reply: { kind: 'json', status: 200, schema: history, says: 'A page of entries' },
      problems: ['user-not-found', 'progress-not-found'],
    },
    async ({ store }, { principal, params, query }) => {
      const which = { userId: query.user_id, document: params.document };
      const page = await getHistory(store, principal, which, pageRequest(query, historyCursor));
      return {
        value: {
          items: page.items.map(historyJson),
          next_cursor: nextCursor(page, ({ arrival, document }) => ({ a: arrival, d: document })),
        },
      };
    },
  ),
  emptyRoute(
    {
      method: 'DELETE',
      path: '/progress/{document}/positions/{device}',
      operationId: 'deletePosition',
      tag: 'progress',
      summary: 'Delete the position of one device',
      description:
        'Readers then get the newest of the others. The document is that of the position, which may be another digest of the book than the one in the request for its positions.',
      access: ACCESS,
      params: z.object({ document: documentPart, device: opaqueBytes }),
      query: z.object({ user_id: userQuery }),
      reply: { kind: 'empty', says: 'It is deleted' },
      problems: ['user-not-found', 'permission-not-held', 'progress-not-found'],
    },
    async ({ store }, { principal, params, query }) => {
      const which = { userId: query.user_id, document: params.document };
      await deletePosition(store, principal, which, params.device);
    },
  ),
];

function historyJson({
  document,
  device,
  friendlyName,
  percentage,
  pushedMs,
  position,
}: ShownHistoryEntry): z.input<typeof historyEntry> {
  return {
    document,
    device: deviceReferenceOf(device, friendlyName),
    percentage,
    pushed_at: timeOfMs(pushedMs),
    position,
  };
}

function positionJson(known: DevicePosition, translation: TranslationDetails = { state: 'too-slow' }) {
  return {
    device: deviceReferenceJson(known),
    document: known.document,
    progress: known.position,
    percentage: known.percentage,
    pushed_at: timeOfMs(known.pushedMs),
    metadata: metadataObject(known.metadataJson),
    translation: translationJson(translation),
  };
}
