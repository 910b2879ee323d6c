import { z } from 'zod';
import { addApiKey } from '../../../accounts/keys/add-api-key.js';
import { getApiKey } from '../../../accounts/keys/get-api-key.js';
import { listApiKeys } from '../../../accounts/keys/list-api-keys.js';
import { revokeApiKey } from '../../../accounts/keys/revoke-api-key.js';
import type { ApiKeySummary } from '../../../accounts/keys/api-key.js';
import {
  apiKeyIdNumber,
  apiKeyIdText,
  id,
  pageQuery,
  permission,
  permissions,
  text,
  time,
  timeOfSeconds,
  userIdNumber,
  userQuery,
} from '../../api-fields.js';
import { type Access, type ApiRoute, emptyRoute, jsonRoute } from '../../api-route.js';
import { answerSchema, pageSchema, requestSchema } from '../../api-schemas.js';
import { nextCursor, pageRequest } from '../../cursor.js';

const key = {
  id,
  user_id: id,
  name: z.string(),
  prefix: z
    .string()
    .describe('the first characters of the key: not secret, and other keys may have them too'),
  permissions: z
    .array(permission)
    .describe('the permissions of the key; it may use those that its user has at the moment'),
  created_at: time,
  expires_at: time.nullable(),
  last_used_at: time.nullable().describe('the first use within two seconds, later ones to the minute'),
  revoked_at: time.nullable(),
};
const listedKey = answerSchema('ApiKey', z.strictObject(key));
const keys = pageSchema('ApiKeyPage', listedKey);
const addedKey = answerSchema(
  'AddedApiKey',
  z.strictObject({ ...key, key: z.string().describe('the key itself, which is not shown again') }),
);
const newKey = requestSchema(
  'NewApiKey',
  z.strictObject({
    name: text(200).describe('what the key is for'),
    permissions: permissions.default(['feature:koreader_sync']),
    expires_at: z.iso.datetime({ offset: true }).nullable().default(null).describe('null: never'),
    user_id: userIdNumber.optional().describe('the user of the key; by default the caller'),
  }),
);

const ACCESS: Access = ['feature:api_keys', 'user:manage'];

export const apiKeyRoutes: readonly ApiRoute[] = [
  jsonRoute(
    {
      method: 'GET',
      path: '/api-keys',
      operationId: 'listApiKeys',
      tag: 'api-keys',
      summary: 'List API keys, oldest first, revoked ones included',
      access: ACCESS,
      query: z.object({ ...pageQuery, user_id: userQuery }),
      reply: { kind: 'json', status: 200, schema: keys, says: 'A page of API keys' },
      problems: ['user-not-found'],
    },
    async ({ store }, { principal, query }) => {
      const page = await listApiKeys(store, principal, query.user_id, pageRequest(query, apiKeyIdNumber));
      return { value: { items: page.items.map(keyJson), next_cursor: nextCursor(page) } };
    },
  ),
  jsonRoute(
    {
      method: 'POST',
      path: '/api-keys',
      operationId: 'addApiKey',
      tag: 'api-keys',
      summary: 'Make an API key',
      description:
        'The new key cannot have permissions that the key of the request, or its user, does not have.',
      access: ACCESS,
      body: newKey,
      reply: { kind: 'json', status: 201, schema: addedKey, says: 'The key', location: true },
      problems: ['user-not-found', 'permission-not-held', 'api-key-invalid', 'api-keys-at-limit'],
    },
    async ({ store }, { principal, body }) => {
      const added = await addApiKey(store, principal, {
        userId: body.user_id,
        name: body.name,
        permissions: new Set(body.permissions),
        expiresSeconds: body.expires_at === null ? undefined : secondsOf(body.expires_at),
      });
      return {
        value: { ...keyJson(added.key), key: added.text },
        location: `/api-keys/${String(added.key.id)}`,
      };
    },
  ),
  jsonRoute(
    {
      method: 'GET',
      path: '/api-keys/{id}',
      operationId: 'showApiKey',
      tag: 'api-keys',
      summary: 'Show an API key, without its secret',
      access: ACCESS,
      params: z.object({ id: apiKeyIdText }),
      reply: { kind: 'json', status: 200, schema: listedKey, says: 'The key' },
      problems: ['api-key-not-found'],
    },
    async ({ store }, { principal, params: { id: keyId } }) => ({
      value: keyJson(await getApiKey(store, principal, keyId)),
    }),
  ),
  emptyRoute(
    {
      method: 'DELETE',
      path: '/api-keys/{id}',
      operationId: 'revokeApiKey',
      tag: 'api-keys',
      summary: 'Revoke an API key for good',
      description: 'It stays in the list. All servers of the database refuse it within five seconds.',
      access: ACCESS,
      params: z.object({ id: apiKeyIdText }),
      reply: { kind: 'empty', says: 'It is revoked' },
      problems: ['api-key-not-found', 'user-not-found', 'permission-not-held'],
    },
    async ({ store, accounts }, { principal, params: { id: keyId } }) => {
      const revoked = await revokeApiKey(store, principal, keyId);
      accounts.keys.invalidate(revoked.secretHash);
    },
  ),
];

function secondsOf(iso: string): number {
  return Math.floor(Date.parse(iso) / 1000);
}

function keyJson(known: ApiKeySummary): z.input<typeof listedKey> {
  return {
    id: known.id,
    user_id: known.userId,
    name: known.name,
    prefix: known.prefix,
    permissions: [...known.permissions],
    created_at: timeOfSeconds(known.createdSeconds),
    expires_at: timeOfSeconds(known.expiresSeconds),
    last_used_at: timeOfSeconds(known.lastUsedSeconds),
    revoked_at: timeOfSeconds(known.revokedSeconds),
  };
}
