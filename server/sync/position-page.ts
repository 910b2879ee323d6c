import type { DevicePosition, PositionCursor } from '../device/device.js';
import { type Document, parseDocument } from '../domain/document.js';
import type { UserId } from '../domain/ids.js';
import { parseFraction } from './progress.js';
import { byIndex } from '../database/by-index.js';
import { deviceIdOfKey } from '../device/device-key.js';
import { toNumber } from '../database/int64.js';
import type { Store } from '../database/store.js';

/** Documents that the user has progress in, in byte order, with the number of devices that have a position. */
export async function documentsPage(
  store: Store,
  userId: UserId,
  page: { readonly after: Document | undefined; readonly limit: number },
): Promise<readonly { readonly document: Document; readonly devices: number }[]> {
  let query = store.db
    .selectFrom(byIndex(store, 'progress', 'primary'))
    .select('document')
    // A column that is not in the key, or MySQL reads the key from end to end with statistics that are stale.
    .select(({ fn }) => fn.count('pushed_ms').as('devices'))
    .where('user_id', '=', userId);
  if (page.after !== undefined) query = query.where('document', '>', Buffer.from(page.after));
  const rows = await query.groupBy('document').orderBy('document').limit(page.limit).execute();
  return rows.map((row) => ({ document: documentOf(row.document), devices: toNumber(row.devices) }));
}

/** The last position of each device in each of the documents, the newest first. */
export async function positionsPage(
  store: Store,
  userId: UserId,
  documents: readonly Document[],
  page: { readonly after: PositionCursor | undefined; readonly limit: number },
): Promise<readonly DevicePosition[]> {
  let query = store.db
    .selectFrom(byIndex(store, 'progress', 'primary', 'p'))
    .leftJoin(byIndex(store, 'device', 'primary', 'd'), (join) =>
      join.onRef('d.user_id', '=', 'p.user_id').onRef('d.device_key', '=', 'p.device_key'),
    )
    .selectAll('p')
    .select('d.friendly_name')
    .where('p.user_id', '=', userId)
    .where(
      'p.document',
      'in',
      documents.map((document) => Buffer.from(document)),
    );
  const { after } = page;
  if (after !== undefined) {
    query = query.where((where) =>
      where.or([
        where('p.arrival', '<', after.arrival),
        where.and([where('p.arrival', '=', after.arrival), where('p.device_key', '<', after.deviceKey)]),
        where.and([
          where('p.arrival', '=', after.arrival),
          where('p.device_key', '=', after.deviceKey),
          where('p.document', '<', Buffer.from(after.document)),
        ]),
      ]),
    );
  }
  const rows = await query
    .orderBy('p.arrival', 'desc')
    .orderBy('p.device_key', 'desc')
    .orderBy('p.document', 'desc')
    .limit(page.limit)
    .execute();
  return rows.map((row) => {
    const percentage = parseFraction(row.percentage);
    if (percentage === undefined)
      throw new Error('the database holds a percentage that nobody can have pushed');
    return {
      document: documentOf(row.document),
      deviceKey: row.device_key,
      deviceName: row.device_name.toString('utf8'),
      readerId: deviceIdOfKey(row.device_key),
      friendlyName: row.friendly_name ?? undefined,
      position: row.position.toString('utf8'),
      percentage,
      metadataJson: row.metadata?.toString('utf8'),
      pushedMs: toNumber(row.pushed_ms),
      arrival: toNumber(row.arrival),
    };
  });
}

/** @returns whether the device had a position there */
export async function removePosition(
  store: Store,
  userId: UserId,
  document: Document,
  deviceKey: Buffer,
): Promise<boolean> {
  const result = await store.db
    .deleteFrom('progress')
    .where('user_id', '=', userId)
    .where('document', '=', Buffer.from(document))
    .where('device_key', '=', deviceKey)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}

function documentOf(bytes: Buffer): Document {
  const document = parseDocument(bytes.toString('utf8'));
  if (document === undefined) throw new Error('the database holds a document that nobody can have pushed');
  return document;
}
