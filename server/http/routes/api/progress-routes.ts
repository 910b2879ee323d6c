import { z } from 'zod';
import { deletePosition } from '../../../sync/delete-position.js';
import { listProgress, type ProgressSummary } from '../../../sync/list-progress.js';
import { getTranslatedPositions, type TranslationDetails } from '../../../translation/get-translations.js';
import type { CataloguedBook } from '../../../book/book.js';
import type { DevicePosition, PositionCursor } from '../../../sync/progress.js';
import {
  documentText,
  id,
  opaqueBytes,
  opaqueId,
  pageQuery,
  pathJson,
  pathSchema,
  time,
  timeOfMs,
  userQuery,
} from '../../api-fields.js';
import { type Access, type ApiRoute, emptyRoute, jsonRoute } from '../../api-route.js';
import { answerSchema, pageSchema } from '../../api-schemas.js';
import { cursorBytes, nextCursor, pageRequest } from '../../cursor.js';
import { translationJson, translationSchema } from './translation-json.js';

const book = z
  .strictObject({ id, library_id: id, path: pathSchema })
  .nullable()
  .describe(
    'the book with this digest, or with this former digest; null if there is none that the caller may see',
  );
const position = {
  progress: z.string().describe('the position as the reader sent it: a page, an x-pointer, a CFI'),
  percentage: z.number().min(0).max(1).describe('a fraction'),
  pushed_at: time,
};
const metadata = z
  .record(z.string(), z.unknown())
  .nullable()
  .describe('what a reader sent last about the document: filename, title, authors');

const listedDocument = answerSchema(
  'DocumentProgress',
  z.strictObject({
    document: z.string(),
    book,
    ...position,
    device: z.string().describe('the name of the device that pushed it'),
    metadata,
    devices: z.int().min(1).describe('how many devices have a position in it'),
  }),
);
const documents = pageSchema('DocumentProgressPage', listedDocument);

const shownDocument = answerSchema(
  'DocumentPositions',
  z.strictObject({
    document: z.string(),
    book,
    positions: z
      .array(
        z.strictObject({
          device: z.strictObject({
            id: opaqueId,
            name: z.string(),
            device_id: z.string().nullable(),
            friendly_name: z.string().nullable(),
          }),
          document: z
            .string()
            .describe('the document of the device, which may be another digest of the same book'),
          ...position,
          metadata,
          translation: translationSchema,
        }),
      )
      .describe(
        'the last position of each device in this book, under any of its digests, newest first; readers get the first one of the first page',
      ),
    next_cursor: z.string().nullable(),
  }),
);

const cursor = z
  .strictObject({ a: z.int().min(0), k: cursorBytes, d: documentText })
  .transform(({ a, k, d }): PositionCursor => ({ arrival: a, deviceKey: k, document: d }));

const ACCESS: Access = ['feature:koreader_sync', 'user:manage'];

export const progressRoutes: readonly ApiRoute[] = [
  jsonRoute(
    {
      method: 'GET',
      path: '/progress',
      operationId: 'listProgress',
      tag: 'progress',
      summary: 'List the documents with progress, by document, each with its newest position',
      access: ACCESS,
      query: z.object({ ...pageQuery, user_id: userQuery }),
      reply: { kind: 'json', status: 200, schema: documents, says: 'A page of documents' },
      problems: ['user-not-found'],
    },
    async ({ store }, { principal, query }) => {
      const page = await listProgress(store, principal, query.user_id, pageRequest(query, documentText));
      return { value: { items: page.items.map(listedJson), next_cursor: nextCursor(page) } };
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
      params: z.object({ document: documentText }),
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
          book: bookReferenceJson(shown.book),
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
      params: z.object({ document: documentText, device: opaqueBytes }),
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

function listedJson({
  record,
  devices,
  metadataJson: metadata,
  book: known,
}: ProgressSummary): z.input<typeof listedDocument> {
  return {
    document: record.document,
    book: bookReferenceJson(known),
    progress: record.position,
    percentage: record.percentage,
    pushed_at: timeOfMs(record.pushedMs),
    device: record.device.name,
    metadata: metadataObject(metadata),
    devices,
  };
}

function positionJson(known: DevicePosition, translation: TranslationDetails = { state: 'too-slow' }) {
  return {
    device: {
      id: known.deviceKey.toString('base64url'),
      name: known.deviceName,
      device_id: known.readerId ?? null,
      friendly_name: known.friendlyName ?? null,
    },
    document: known.document,
    progress: known.position,
    percentage: known.percentage,
    pushed_at: timeOfMs(known.pushedMs),
    metadata: metadataObject(known.metadataJson),
    translation: translationJson(translation),
  };
}

function bookReferenceJson(known: CataloguedBook | undefined): z.input<typeof book> {
  return known === undefined
    ? null
    : { id: known.id, library_id: known.libraryId, path: pathJson(known.path) };
}

const metadataText = z.record(z.string(), z.unknown());

/** The text was made from an object. */
function metadataObject(json: string | undefined): Record<string, unknown> | null {
  return json === undefined ? null : metadataText.parse(JSON.parse(json));
}
