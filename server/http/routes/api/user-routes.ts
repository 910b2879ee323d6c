import { z } from 'zod';
import { addUser } from '../../../accounts/add-user.js';
import { changeOwnPassword } from '../../../accounts/change-own-password.js';
import { changeUser } from '../../../accounts/change-user.js';
import { getUser } from '../../../accounts/get-user.js';
import { listUsers } from '../../../accounts/list-users.js';
import type { PasswordHasher } from '../../../accounts/passwords/password-hasher.js';
import { setPassword } from '../../../accounts/set-password.js';
import type { Management } from '../../management.js';
import type { UserSummary } from '../../../accounts/user.js';
import { type LastSeen, withLastSeen } from '../../../device/with-last-seen.js';
import { deleteUser } from '../../../removal/delete-user.js';
import {
  id,
  pageQuery,
  permission,
  permissions,
  text,
  time,
  timeOfSeconds,
  userIdText,
} from '../../api-fields.js';
import { type Access, type ApiRoute, emptyRoute, jsonRoute } from '../../api-route.js';
import { answerSchema, pageSchema, requestSchema } from '../../api-schemas.js';
import { nextCursor, pageRequest } from '../../cursor.js';

const userFields = {
  id,
  name: z.string(),
  owner: z.boolean().describe('has every permission'),
  permissions: z.array(permission),
  disabled: z.boolean().describe('neither the password nor any API key works'),
  has_password: z.boolean().describe('without one the user has API keys only'),
  created_at: time,
  last_seen_at: time.nullable().describe('when a device of the user pushed last'),
};
const user = answerSchema('User', z.strictObject(userFields));
const namedUserFields = {
  ...userFields,
  takes_header_of: z
    .string()
    .nullable()
    .describe(
      'the name of a user who can no longer log in with x-auth-user, because the new name arrives there like that name',
    ),
};
const addedUser = answerSchema('AddedUser', z.strictObject(namedUserFields));
const changedUser = answerSchema('ChangedUser', z.strictObject(namedUserFields));
const users = pageSchema('UserPage', user);
const caller = answerSchema(
  'Caller',
  z.strictObject({
    user_id: id,
    name: z.string(),
    owner: z.boolean(),
    permissions: z.array(permission).describe('what this API key or session permits at the moment'),
    api_key_id: id.nullable(),
    session_id: id.nullable().describe('null: the request has an API key instead'),
    has_password: z.boolean(),
  }),
);
const password = text(1000).describe('the password itself, not the MD5 that readers send');
const newUser = requestSchema(
  'NewUser',
  z.strictObject({
    name: text(200),
    password: password.nullable().default(null).describe('null: API keys only'),
    permissions: permissions.default(['feature:koreader_sync']),
    owner: z.boolean().default(false),
  }),
);
const userChange = requestSchema(
  'UserChange',
  z.strictObject({ name: text(200), permissions, owner: z.boolean(), disabled: z.boolean() }).partial(),
);
const newPassword = requestSchema(
  'NewPassword',
  z.strictObject({ password: password.nullable().describe('null: API keys only from now on') }),
);
const ownPassword = requestSchema(
  'OwnPassword',
  z.strictObject({
    current_password: password.nullable().describe('null: the user has no password yet'),
    password,
  }),
);

const MANAGE: Access = ['user:manage'];
const params = z.object({ id: userIdText });

export const userRoutes: readonly ApiRoute[] = [
  jsonRoute(
    {
      method: 'GET',
      path: '/me',
      operationId: 'showCaller',
      tag: 'users',
      summary: 'Show the user of this API key or session and what it permits',
      access: 'any key',
      reply: { kind: 'json', status: 200, schema: caller, says: 'The caller' },
    },
    async ({ store }, { principal }) => ({
      value: {
        user_id: principal.userId,
        name: principal.userName,
        owner: principal.isOwner,
        permissions: [...principal.permissions],
        api_key_id: principal.apiKeyId ?? null,
        session_id: principal.sessionId ?? null,
        has_password: (await getUser(store, principal.userId)).passwordHash !== undefined,
      },
    }),
  ),
  emptyRoute(
    {
      method: 'PUT',
      path: '/me/password',
      operationId: 'changeOwnPassword',
      tag: 'users',
      summary: 'Change the password of the user of this API key or session',
      description:
        'The user has to know the current password. All sessions end but that of the request. To set the first one, the API key needs every permission of the user, ' +
        'and feature:api_keys or user:manage.',
      access: 'any key',
      body: ownPassword,
      reply: { kind: 'empty', says: 'It is set' },
      problems: ['user-not-found', 'password-invalid', 'password-wrong', 'forbidden', 'permission-not-held'],
    },
    ({ accounts }, { principal, request, body }) =>
      changeOwnPassword(accounts, principal, request, {
        current: body.current_password ?? undefined,
        password: body.password,
      }),
  ),
  jsonRoute(
    {
      method: 'GET',
      path: '/users',
      operationId: 'listUsers',
      tag: 'users',
      summary: 'List users, by name',
      access: MANAGE,
      query: z.object(pageQuery),
      reply: { kind: 'json', status: 200, schema: users, says: 'A page of users' },
    },
    async ({ store }, { query }) => {
      const page = await listUsers(store, pageRequest(query, z.string()));
      const items = await withLastSeen(store, page.items);
      return { value: { items: items.map(userJson), next_cursor: nextCursor(page) } };
    },
  ),
  jsonRoute(
    {
      method: 'POST',
      path: '/users',
      operationId: 'addUser',
      tag: 'users',
      summary: 'Add a user',
      access: MANAGE,
      body: newUser,
      reply: { kind: 'json', status: 201, schema: addedUser, says: 'The user', location: true },
      problems: ['permission-not-held', 'user-invalid', 'user-exists', 'password-invalid'],
    },
    async ({ store, accounts }, { principal, body }) => {
      const request = {
        name: body.name,
        password: body.password ?? undefined,
        permissions: new Set(body.permissions),
        isOwner: body.owner,
      };
      const added = await addUser(store, principal, request, hasherOf(accounts));
      // The names of two users may arrive alike in a header now.
      accounts.forgetUser(added.name);
      return {
        value: {
          ...userJson({ ...added, lastSeenSeconds: undefined }),
          takes_header_of: added.takesHeaderOf ?? null,
        },
        location: `/users/${String(added.id)}`,
      };
    },
  ),
  jsonRoute(
    {
      method: 'GET',
      path: '/users/{id}',
      operationId: 'showUser',
      tag: 'users',
      summary: 'Show a user',
      access: MANAGE,
      params,
      reply: { kind: 'json', status: 200, schema: user, says: 'The user' },
      problems: ['user-not-found'],
    },
    async ({ store }, { params: { id: userId } }) => ({
      value: await seenUserJson(store, await getUser(store, userId)),
    }),
  ),
  jsonRoute(
    {
      method: 'PATCH',
      path: '/users/{id}',
      operationId: 'changeUser',
      tag: 'users',
      summary: 'Change the name of a user, or what a user may do; fields that are left out stay',
      description:
        'Callers cannot change a user who has more permissions than they, nor give away permissions that they do not ' +
        'have. It takes effect on all servers of the database within five seconds. With a new name, the user logs in by it; ' +
        'API keys, devices and progress stay.',
      access: MANAGE,
      params,
      body: userChange,
      reply: { kind: 'json', status: 200, schema: changedUser, says: 'The user' },
      problems: ['user-not-found', 'permission-not-held', 'user-invalid', 'user-exists', 'last-owner'],
    },
    async ({ store, accounts }, { principal, params: { id: userId }, body }) => {
      const changed = await changeUser(store, principal, userId, {
        name: body.name,
        permissions: body.permissions === undefined ? undefined : new Set(body.permissions),
        isOwner: body.owner,
        isDisabled: body.disabled,
      });
      accounts.forgetUser(changed.formerName);
      accounts.forgetUser(changed.name);
      return {
        value: { ...(await seenUserJson(store, changed)), takes_header_of: changed.takesHeaderOf ?? null },
      };
    },
  ),
  emptyRoute(
    {
      method: 'DELETE',
      path: '/users/{id}',
      operationId: 'removeUser',
      tag: 'users',
      summary: 'Remove a user with API keys, devices and progress',
      description:
        'It cannot be undone. Callers cannot remove a user who has more permissions than they. If it fails, the user is ' +
        'disabled already, and the same request continues.',
      access: MANAGE,
      params,
      reply: { kind: 'empty', says: 'The user is removed' },
      problems: ['user-not-found', 'permission-not-held', 'last-owner'],
    },
    async ({ store, accounts }, { principal, params: { id: userId } }) => {
      const { name } = await getUser(store, userId);
      try {
        await deleteUser(store, principal, userId);
      } finally {
        accounts.forgetUser(name);
      }
    },
  ),
  emptyRoute(
    {
      method: 'PUT',
      path: '/users/{id}/password',
      operationId: 'setPassword',
      tag: 'users',
      summary: 'Set or remove the password of a user',
      access: MANAGE,
      params,
      body: newPassword,
      reply: { kind: 'empty', says: 'It is set' },
      problems: ['user-not-found', 'permission-not-held', 'password-invalid'],
    },
    async ({ store, accounts }, { principal, params: { id: userId }, body }) => {
      const hash = hasherOf(accounts);
      const changed = await setPassword(store, principal, userId, body.password ?? undefined, hash);
      accounts.forgetUser(changed.name);
    },
  ),
];

/** Hashes in the server's limit for password work, which logins and new passwords share. */
function hasherOf({ passwords }: Management['accounts']): PasswordHasher {
  return (key) => passwords.hash(key);
}

async function seenUserJson(store: Management['store'], known: UserSummary): Promise<z.input<typeof user>> {
  const [seen = { ...known, lastSeenSeconds: undefined }] = await withLastSeen(store, [known]);
  return userJson(seen);
}

function userJson(known: UserSummary & LastSeen): z.input<typeof user> {
  return {
    id: known.id,
    name: known.name,
    owner: known.isOwner,
    permissions: [...known.permissions],
    disabled: known.isDisabled,
    has_password: known.passwordHash !== undefined,
    created_at: timeOfSeconds(known.createdSeconds),
    last_seen_at: timeOfSeconds(known.lastSeenSeconds),
  };
}
