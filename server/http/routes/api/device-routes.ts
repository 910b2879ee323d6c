import { z } from 'zod';
import { forgetDevice } from '../../../device/forget-device.js';
import { listDevices } from '../../../device/list-devices.js';
import { nameDevice } from '../../../device/name-device.js';
import type { DeviceSummary } from '../../../device/device.js';
import {
  id,
  opaqueBytes,
  opaqueId,
  pageQuery,
  text,
  time,
  timeOfSeconds,
  userQuery,
} from '../../api-fields.js';
import { type Access, type ApiRoute, emptyRoute, jsonRoute } from '../../api-route.js';
import { answerSchema, pageSchema, requestSchema } from '../../api-schemas.js';
import { cursorBytes, nextCursor, pageRequest } from '../../cursor.js';

const device = answerSchema(
  'Device',
  z.strictObject({
    id: opaqueId,
    user_id: id,
    name: z.string().describe('the name that the device sends'),
    device_id: z.string().nullable().describe('the id that the device sends; null when it sends none'),
    friendly_name: z.string().nullable().describe('a name that a user gave it'),
    first_seen: time,
    last_seen: time.describe('to the minute'),
  }),
);
const devices = pageSchema('DevicePage', device);
const deviceChange = requestSchema(
  'DeviceChange',
  z.strictObject({ friendly_name: text(200).nullable().describe('null removes the name') }),
);

const ACCESS: Access = ['feature:koreader_sync', 'user:manage'];
const params = z.object({ id: opaqueBytes });
const ofUser = z.object({ user_id: userQuery });

export const deviceRoutes: readonly ApiRoute[] = [
  jsonRoute(
    {
      method: 'GET',
      path: '/devices',
      operationId: 'listDevices',
      tag: 'devices',
      summary: 'List the devices that have synced',
      access: ACCESS,
      query: z.object({ ...pageQuery, user_id: userQuery }),
      reply: { kind: 'json', status: 200, schema: devices, says: 'A page of devices' },
      problems: ['user-not-found'],
    },
    async ({ store }, { principal, query }) => {
      const page = await listDevices(store, principal, query.user_id, pageRequest(query, cursorBytes));
      return {
        value: {
          items: page.items.map(deviceJson),
          next_cursor: nextCursor(page, (key) => key.toString('base64url')),
        },
      };
    },
  ),
  jsonRoute(
    {
      method: 'PATCH',
      path: '/devices/{id}',
      operationId: 'nameDevice',
      tag: 'devices',
      summary: 'Set or remove the friendly name of a device',
      access: ACCESS,
      params,
      query: ofUser,
      body: deviceChange,
      reply: { kind: 'json', status: 200, schema: device, says: 'The device' },
      problems: ['user-not-found', 'permission-not-held', 'device-not-found', 'device-name-invalid'],
    },
    async ({ store }, { principal, params: { id: key }, query, body }) => {
      const which = { userId: query.user_id, key };
      return {
        value: deviceJson(await nameDevice(store, principal, which, body.friendly_name ?? undefined)),
      };
    },
  ),
  emptyRoute(
    {
      method: 'DELETE',
      path: '/devices/{id}',
      operationId: 'forgetDevice',
      tag: 'devices',
      summary: 'Remove a device from the list',
      description: 'Its positions stay. When it syncs again, it is listed again.',
      access: ACCESS,
      params,
      query: ofUser,
      reply: { kind: 'empty', says: 'It is removed' },
      problems: ['user-not-found', 'permission-not-held', 'device-not-found'],
    },
    async ({ store, sync }, { principal, params: { id: key }, query }) => {
      await forgetDevice(store, principal, { userId: query.user_id, key });
      sync.devices.clear();
    },
  ),
];

function deviceJson(known: DeviceSummary): z.input<typeof device> {
  return {
    id: known.key.toString('base64url'),
    user_id: known.userId,
    name: known.name,
    device_id: known.readerId ?? null,
    friendly_name: known.friendlyName ?? null,
    first_seen: timeOfSeconds(known.firstSeenSeconds),
    last_seen: timeOfSeconds(known.lastSeenSeconds),
  };
}
