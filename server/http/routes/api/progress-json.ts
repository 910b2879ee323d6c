import { z } from 'zod';
import type { ShelvedBook, TitledBook } from '../../../sync/books-of-documents.js';
import { deviceKey, type ReaderDevice } from '../../../device/device.js';
import type { ShownDocument } from '../../../sync/documents-shown.js';
import type { DevicePosition, DocumentCursor } from '../../../sync/progress.js';
import {
  documentText,
  id,
  opaqueId,
  pathJson,
  pathSchema,
  time,
  timeOfMs,
  userIdNumber,
} from '../../api-fields.js';
import { answerSchema } from '../../api-schemas.js';

/** What the routes of progress, its history and reading share. */

const bookReferenceFields = {
  id,
  library_id: id,
  library_name: z.string(),
  path: pathSchema,
  file_name: z.string().describe('the last part of the path, for people'),
  missing_since: time.nullable().describe('when a scan first did not see the file; null: it is there'),
};

const OF_DIGEST =
  'the book with this digest, or with this former digest; null if there is none that the caller may see';

export const bookReference = z.strictObject(bookReferenceFields).nullable().describe(OF_DIGEST);

export const titledBook = z
  .strictObject({
    ...bookReferenceFields,
    title: z
      .string()
      .nullable()
      .describe('the title in the file; null: there is none, or the file was not read for it'),
  })
  .nullable()
  .describe(OF_DIGEST);

export const positionFields = {
  progress: z.string().describe('the position as the reader sent it: a page, an x-pointer, a CFI'),
  percentage: z.number().min(0).max(1).describe('a fraction'),
  pushed_at: time,
};

export const metadata = z
  .record(z.string(), z.unknown())
  .nullable()
  .describe('what a reader sent last about the document: filename, title, authors');

export const deviceReference = z.strictObject({
  id: opaqueId,
  name: z.string().describe('the name that the device sent'),
  device_id: z.string().nullable(),
  friendly_name: z.string().nullable(),
});

export const documentFields = {
  document: z.string(),
  book: titledBook,
  ...positionFields,
  device: deviceReference.describe('the device that pushed it'),
  metadata,
  devices: z.int().min(1).describe('how many devices have a position in it'),
};

export const listedDocument = answerSchema('DocumentProgress', z.strictObject(documentFields));

export function documentJson({
  record,
  devices,
  friendlyName,
  metadataJson,
  book,
}: ShownDocument): z.input<typeof listedDocument> {
  return {
    document: record.document,
    book: titledBookJson(book),
    progress: record.position,
    percentage: record.percentage,
    pushed_at: timeOfMs(record.pushedMs),
    device: deviceReferenceOf(record.device, friendlyName),
    metadata: metadataObject(metadataJson),
    devices,
  };
}

/** A device by what it sent. */
export function deviceReferenceOf(
  device: ReaderDevice,
  friendlyName: string | undefined,
): z.input<typeof deviceReference> {
  return deviceReferenceJson({
    deviceKey: Buffer.from(deviceKey(device)),
    deviceName: device.name,
    readerId: device.id,
    friendlyName,
  });
}

export function deviceReferenceJson({
  deviceKey: key,
  deviceName,
  readerId,
  friendlyName,
}: Pick<DevicePosition, 'deviceKey' | 'deviceName' | 'readerId' | 'friendlyName'>): z.input<
  typeof deviceReference
> {
  return {
    id: key.toString('base64url'),
    name: deviceName,
    device_id: readerId ?? null,
    friendly_name: friendlyName ?? null,
  };
}

export function bookReferenceJson(known: ShelvedBook | undefined): z.input<typeof bookReference> {
  if (known === undefined) return null;
  const path = pathJson(known.path);
  return {
    id: known.id,
    library_id: known.libraryId,
    library_name: known.libraryName,
    path,
    file_name: path.text.slice(path.text.lastIndexOf('/') + 1),
    missing_since:
      known.missingSinceSeconds === undefined ? null : timeOfMs(known.missingSinceSeconds * 1000),
  };
}

export function titledBookJson(known: TitledBook | undefined): z.input<typeof titledBook> {
  const book = bookReferenceJson(known);
  return book === null ? null : { ...book, title: known?.title ?? null };
}

const metadataText = z.record(z.string(), z.unknown());

/** The text was made from an object. */
export function metadataObject(json: string | undefined): Record<string, unknown> | null {
  return json === undefined ? null : metadataText.parse(JSON.parse(json));
}

/** A place in a list of documents that is ordered from the last pushed. */
export const documentCursor = z
  .strictObject({ h: z.int().min(0), a: z.int(), u: userIdNumber, d: documentText })
  .transform(({ h, a, u, d }): DocumentCursor => ({ pushedHour: h, arrival: a, userId: u, document: d }));

export function documentCursorJson({ pushedHour, arrival, userId, document }: DocumentCursor): object {
  return { h: pushedHour, a: arrival, u: userId, d: document };
}
