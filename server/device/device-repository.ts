import { type Selectable, sql } from 'kysely';
import { markChanges } from '../changes/change-mark-repository.js';
import { bulkUpsert, textBytes } from '../database/bulk-write.js';
import { byIndex, deleteByIndex, forceIndex } from '../database/by-index.js';
import { toNumber } from '../database/int64.js';
import type { DeviceTable } from '../database/schema.js';
import type { Store } from '../database/store.js';
import type { UserId } from '../domain/ids.js';
import { deviceIdOfKey, deviceKey, type DeviceSummary, type ReaderDevice } from './device.js';

/** A device and when it last pushed, to be written by {@link saveSeenDevices}. */
export interface SeenDevice {
  readonly userId: UserId;
  readonly device: ReaderDevice;
  readonly seenSeconds: number;
}

/**
 * Inserts devices, or updates the name and the time of last use of those that exist. A device that was deleted is
 * inserted again as a new one.
 *
 * @param devices each device once, ordered by user and device key: writers that lock rows in the same order cannot
 *   deadlock
 */
export async function saveSeenDevices(store: Store, devices: readonly SeenDevice[]): Promise<void> {
  const { dialect } = store;
  await bulkUpsert(
    store,
    {
      table: 'device',
      columns: ['user_id', 'device_key', 'name', 'first_seen_s', 'last_seen_s'],
      key: ['user_id', 'device_key'],
      update: ['name', 'last_seen_s'],
    },
    devices.flatMap(({ userId, device, seenSeconds }) => [
      userId,
      textBytes(dialect, deviceKey(device)),
      textBytes(dialect, device.name),
      seenSeconds,
      seenSeconds,
    ]),
  );
}

/** A device that was seen by another server. */
export interface MergedDevice extends SeenDevice {
  readonly firstSeenSeconds: number;
  readonly friendlyName: string | undefined;
}

/**
 * Inserts devices that another server has seen. A device that is there keeps its friendly name; its times span both, and its
 * name is that of the later time.
 *
 * @param devices each device once, ordered by user and device key
 */
export async function mergeSeenDevices(store: Store, devices: readonly MergedDevice[]): Promise<void> {
  const { dialect } = store;
  const given = (column: string) => (dialect === 'sqlite' ? `excluded.${column}` : `values(${column})`);
  const [least, greatest] = dialect === 'sqlite' ? ['min', 'max'] : ['least', 'greatest'];
  await bulkUpsert(
    store,
    {
      table: 'device',
      columns: ['user_id', 'device_key', 'name', 'friendly_name', 'first_seen_s', 'last_seen_s'],
      key: ['user_id', 'device_key'],
      update: [],
      // MySQL assigns from left to right: the name is compared by the time that is there.
      also: [
        `name = case when ${given('last_seen_s')} > device.last_seen_s then ${given('name')} else device.name end`,
        `friendly_name = coalesce(device.friendly_name, ${given('friendly_name')})`,
        `first_seen_s = ${least}(device.first_seen_s, ${given('first_seen_s')})`,
        `last_seen_s = ${greatest}(device.last_seen_s, ${given('last_seen_s')})`,
      ],
    },
    devices.flatMap(({ userId, device, friendlyName, firstSeenSeconds, seenSeconds }) => [
      userId,
      textBytes(dialect, deviceKey(device)),
      textBytes(dialect, device.name),
      friendlyName ?? null,
      firstSeenSeconds,
      seenSeconds,
    ]),
  );
}

/** The devices of a user ordered by device key. */
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
  return rows.map(toSummary);
}

export async function findDevice(
  store: Store,
  userId: UserId,
  key: Buffer,
): Promise<DeviceSummary | undefined> {
  const row = await store.db
    .selectFrom('device')
    .selectAll()
    .where('user_id', '=', userId)
    .where('device_key', '=', key)
    .executeTakeFirst();
  return row === undefined ? undefined : toSummary(row);
}

/** The time at which a device of each of these users pushed last. @param ids of one page: each has a bounded number of devices */
export async function lastSeenOfUsers(
  store: Store,
  ids: readonly UserId[],
): Promise<ReadonlyMap<UserId, number>> {
  if (ids.length === 0) return new Map();
  const rows = await store.db
    .selectFrom(byIndex(store, 'device', 'primary'))
    .select(({ fn }) => ['user_id', fn.max('last_seen_s').as('last_seen_s')])
    .where('user_id', 'in', ids)
    .groupBy('user_id')
    .execute();
  return new Map(rows.map((row) => [row.user_id, toNumber(row.last_seen_s)]));
}

/** The devices of a user whose key (in base64url), id, name or friendly name is `called`, ordered by device key. */
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
  return rows.map(toSummary);
}

/** @param friendlyName `undefined` removes it */
export async function setFriendlyName(
  store: Store,
  userId: UserId,
  key: Buffer,
  friendlyName: string | undefined,
): Promise<void> {
  await store.db
    .updateTable('device')
    .set({ friendly_name: friendlyName ?? null })
    .where('user_id', '=', userId)
    .where('device_key', '=', key)
    .execute();
  await markChanges(store, ['devices'], [userId]);
}

/** @returns whether there was such a device */
export async function deleteDevice(store: Store, userId: UserId, key: Buffer): Promise<boolean> {
  const result = await store.db
    .deleteFrom('device')
    .where('user_id', '=', userId)
    .where('device_key', '=', key)
    .executeTakeFirst();
  if (result.numDeletedRows === 0n) return false;
  await markChanges(store, ['devices'], [userId]);
  return true;
}

/** Rows of one statement. */
const FORGOTTEN_AT_ONCE = 1000;

/**
 * Deletes the devices of a user that were seen least recently, but for `keep`. Devices with a friendly name stay longest.
 *
 * @returns how many were deleted
 */
export async function forgetOldestDevices(store: Store, userId: UserId, keep: number): Promise<number> {
  const hint = sql.raw(forceIndex(store.dialect, 'primary'));
  for (let deleted = 0; ;) {
    const { rows } = await sql<{ device_key: Buffer; last_seen_s: number | string }>`
      select device_key, last_seen_s from device ${hint} where user_id = ${userId}
      order by friendly_name is null, last_seen_s desc, device_key desc
      limit ${FORGOTTEN_AT_ONCE} offset ${keep}`.execute(store.db);
    const latest = Math.max(...rows.map((row) => toNumber(row.last_seen_s)));
    deleted += await deleteByIndex(store, {
      table: 'device',
      column: 'device_key',
      index: 'primary',
      keys: rows.map((row) => row.device_key).toSorted((left, right) => left.compare(right)),
      // One that has pushed since is not the oldest any more.
      also: sql`device.user_id = ${userId} and device.last_seen_s <= ${latest}`,
    });
    if (rows.length < FORGOTTEN_AT_ONCE) {
      if (deleted > 0) await markChanges(store, ['devices'], [userId]);
      return deleted;
    }
  }
}

export async function deleteDevicesOfUser(store: Store, userId: UserId): Promise<void> {
  await deleteByIndex(store, { table: 'device', column: 'user_id', index: 'primary', keys: [userId] });
}

function toSummary(row: Selectable<DeviceTable>): DeviceSummary {
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
