import type { Selectable } from 'kysely';
import type { DeviceSummary } from './device.js';
import type { UserId } from '../domain/ids.js';
import { byIndex } from '../database/by-index.js';
import { deviceIdOfKey, deviceKey } from './device-key.js';
import { toNumber } from '../database/int64.js';
import type { DeviceTable } from '../database/schema.js';
import type { Store } from '../database/store.js';

/** By device key. */
export async function devicesPage(
  store: Store,
  userId: UserId,
  page: { readonly afterKey: Buffer | undefined; readonly limit: number },
): Promise<readonly DeviceSummary[]> {
  let query = store.db
    .selectFrom(byIndex(store, 'device', 'primary'))
    .selectAll()
    .where('user_id', '=', userId);
  if (page.afterKey !== undefined) query = query.where('device_key', '>', page.afterKey);
  const rows = await query.orderBy('device_key').limit(page.limit).execute();
  return rows.map(toDevice);
}

export async function findDevice(
  store: Store,
  userId: UserId,
  deviceKey: Buffer,
): Promise<DeviceSummary | undefined> {
  const row = await store.db
    .selectFrom('device')
    .selectAll()
    .where('user_id', '=', userId)
    .where('device_key', '=', deviceKey)
    .executeTakeFirst();
  return row === undefined ? undefined : toDevice(row);
}

/** Devices that go by this: its key in base64url, the id that it sends, or one of its names. */
export async function devicesCalled(
  store: Store,
  userId: UserId,
  called: string,
  limit: number,
): Promise<readonly DeviceSummary[]> {
  const text = Buffer.from(called);
  const keys = [Buffer.from(called, 'base64url'), Buffer.from(deviceKey({ id: called, name: '' }))];
  const rows = await store.db
    .selectFrom('device')
    .selectAll()
    .where('user_id', '=', userId)
    .where((where) =>
      where.or([
        where('device_key', 'in', keys),
        where('name', '=', text),
        where('friendly_name', '=', called),
      ]),
    )
    .orderBy('device_key')
    .limit(limit)
    .execute();
  return rows.map(toDevice);
}

/** @param friendlyName `undefined`: none any more */
export async function setFriendlyName(
  store: Store,
  userId: UserId,
  deviceKey: Buffer,
  friendlyName: string | undefined,
): Promise<void> {
  await store.db
    .updateTable('device')
    .set({ friendly_name: friendlyName ?? null })
    .where('user_id', '=', userId)
    .where('device_key', '=', deviceKey)
    .execute();
}

/** @returns whether there was such a device */
export async function removeDevice(store: Store, userId: UserId, deviceKey: Buffer): Promise<boolean> {
  const result = await store.db
    .deleteFrom('device')
    .where('user_id', '=', userId)
    .where('device_key', '=', deviceKey)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}

function toDevice(row: Selectable<DeviceTable>): DeviceSummary {
  return {
    userId: row.user_id,
    key: row.device_key,
    name: row.name.toString('utf8'),
    readerId: deviceIdOfKey(row.device_key),
    friendlyName: row.friendly_name ?? undefined,
    firstSeenSeconds: toNumber(row.first_seen_s),
    lastSeenSeconds: toNumber(row.last_seen_s),
  };
}
