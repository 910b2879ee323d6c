import { requireMayChange, requireMayGrant } from '../permission-check.js';
import type { Actor } from '../../domain/actor.js';
import type { ApiKeySummary } from './api-key.js';
import { DogearError } from '../../domain/dogear-error.js';
import type { UserId } from '../../domain/ids.js';
import { isShownName } from '../../domain/single-line.js';
import { type PermissionSet, permissionsOfUser } from '../../domain/permission.js';
import { countKeysInUse, findApiKeyById, forgetRevokedKeys } from './api-key-repository.js';
import { insertNewApiKey, isStored } from './insert-new-api-key.js';
import type { Store } from '../../database/store.js';
import { inTransaction } from '../../database/transaction.js';
import { lockUser } from '../user-repository.js';
import { resolveTargetUser } from '../resolve-target-user.js';

/** Keys of one user that are not revoked: enough for each reader and script. A faulty script must not fill the table. */
const KEYS_A_USER = 200;
/** Revoked keys that lists show; the ones that were revoked first are forgotten. */
const REVOKED_KEYS_A_USER = 200;
export const API_KEY_NAME_CHARACTERS = 100;

export interface ApiKeyRequest {
  /** `undefined`: the actor. */
  readonly userId: UserId | undefined;
  /** For people; white space around it is removed. */
  readonly name: string;
  readonly permissions: PermissionSet;
  /** In Unix time. `undefined`: the key does not expire. */
  readonly expiresSeconds: number | undefined;
}

export interface AddedApiKey {
  readonly key: ApiKeySummary;
  /** The whole key. It is not stored, so it must be shown now. */
  readonly text: string;
}

/**
 * Adds an API key. The actor needs `feature:api_keys` for a key of their own. For a key of another user the actor needs
 * `user:manage` and every permission of that user.
 *
 * A key gets only permissions that both the actor and its user have. When its user loses a permission, the key loses it
 * too (`permissionsOfKey`).
 *
 * @throws DogearError `forbidden`, `user-not-found`, `permission-not-held`; `api-key-invalid` for a bad name or an
 *   expiry in the past; `api-keys-at-limit` when the user has 200 keys that are not revoked
 */
export async function addApiKey(
  store: Store,
  actor: Actor,
  { userId, name, permissions, expiresSeconds }: ApiKeyRequest,
): Promise<AddedApiKey> {
  const trimmed = keyName(name);
  if (expiresSeconds !== undefined && expiresSeconds * 1000 <= Date.now()) {
    throw new DogearError('api-key-invalid', 'An API key cannot expire in the past.');
  }
  const { id: ownerId } = await resolveTargetUser(store, actor, userId, 'feature:api_keys', 'change');
  let made: AddedApiKey | undefined;
  return inTransaction(store, async (transaction) => {
    // A second key would stay, and nobody would know the first one.
    if (made !== undefined && (await isStored(transaction, made.key))) return made;
    // The keys are counted while no other key of the user can be added, and the user is judged as it is now.
    const user = await lockUser(transaction, ownerId);
    if (user === undefined) {
      throw new DogearError('user-not-found', `The user ${String(ownerId)} has been deleted.`);
    }
    // Whoever has a key of another user has that user's permissions, as after a change of the user's password.
    if (user.id !== actor.userId) requireMayChange(actor, user);
    requireMayGrant(actor, permissions);
    const allowed = permissionsOfUser(user);
    const lacking = [...permissions].filter((permission) => !allowed.has(permission));
    if (lacking.length > 0) {
      throw new DogearError(
        'permission-not-held',
        `The user "${user.name}" does not have ${lacking.join(', ')}, so an API key of this user cannot have it.`,
      );
    }
    if ((await countKeysInUse(transaction, user.id)) >= KEYS_A_USER) {
      throw new DogearError(
        'api-keys-at-limit',
        `"${user.name}" has ${String(KEYS_A_USER)} API keys that are not revoked. Revoke some first.`,
      );
    }
    await forgetRevokedKeys(transaction, user.id, REVOKED_KEYS_A_USER);
    const row = { userId: user.id, name: trimmed, permissions, expiresSeconds };
    const { id, text } = await insertNewApiKey(transaction, row);
    const key = await findApiKeyById(transaction, id);
    if (key === undefined) throw new Error('the key that was inserted is gone');
    made = { key, text };
    return made;
  });
}

function keyName(name: string): string {
  const trimmed = name.trim();
  if (isShownName(trimmed, API_KEY_NAME_CHARACTERS)) return trimmed;
  throw new DogearError(
    'api-key-invalid',
    `The name of an API key has 1 to ${String(API_KEY_NAME_CHARACTERS)} characters, and no line breaks or control characters.`,
  );
}
