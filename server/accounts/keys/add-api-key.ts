import { newApiKey } from './api-key-secret.js';
import { requireMayChange, requireMayGrant } from '../permission-check.js';
import type { Actor } from '../../domain/actor.js';
import type { ApiKeySummary } from './api-key.js';
import { DogearError } from '../../domain/dogear-error.js';
import type { UserId } from '../../domain/ids.js';
import { type PermissionSet, permissionsOfUser } from '../../domain/permission.js';
import { countKeysInUse, findApiKeyById, insertApiKey } from './api-key-repository.js';
import type { Store } from '../../database/store.js';
import { resolveTargetUser } from '../resolve-target-user.js';

/** One for each reader and each script, with room; a script gone wild must not fill the table. */
const KEYS_A_USER = 200;
const KEY_NAME_CHARACTERS = 100;
/** Prefixes are one of 887 million: that a second draw is taken as well happens to nobody. */
const DRAWS = 5;

export interface ApiKeyRequest {
  /** `undefined`: the actor. */
  readonly userId: UserId | undefined;
  readonly name: string;
  readonly permissions: PermissionSet;
  /** `undefined`: never. */
  readonly expiresSeconds: number | undefined;
}

export interface AddedApiKey {
  readonly key: ApiKeySummary;
  /** The key itself: whoever does not show it now can never show it. */
  readonly text: string;
}

/**
 * Makes an API key. It is given no more than its maker and its user both have, and at any moment it may do no more
 * than its user.
 *
 * @throws DogearError `forbidden`, `user-not-found`, `permission-not-held`, `api-key-invalid`, `api-keys-at-limit`
 */
export async function addApiKey(
  store: Store,
  actor: Actor,
  { userId, name, permissions, expiresSeconds }: ApiKeyRequest,
): Promise<AddedApiKey> {
  const user = await resolveTargetUser(store, actor, userId, 'feature:api_keys');
  // A key of another user is that user's rights, so it takes what changing the user takes.
  if (user.id !== actor.userId) requireMayChange(actor, user);
  requireMayGrant(actor, permissions);
  const allowed = permissionsOfUser(user);
  const lacking = [...permissions].filter((permission) => !allowed.has(permission));
  if (lacking.length > 0) {
    throw new DogearError(
      'permission-not-held',
      `The user "${user.name}" does not have ${lacking.join(', ')}, so a key of theirs cannot.`,
    );
  }
  const trimmed = keyName(name);
  if (expiresSeconds !== undefined && expiresSeconds * 1000 <= Date.now()) {
    throw new DogearError('api-key-invalid', 'A key cannot expire in the past.');
  }
  if ((await countKeysInUse(store, user.id)) >= KEYS_A_USER) {
    throw new DogearError(
      'api-keys-at-limit',
      `"${user.name}" has ${String(KEYS_A_USER)} keys that are not revoked. Revoke some first.`,
    );
  }
  for (let draw = 1; draw <= DRAWS; draw++) {
    const { text, prefix, secretSha256 } = newApiKey();
    const row = { userId: user.id, name: trimmed, prefix, secretSha256, permissions, expiresSeconds };
    const inserted = await insertApiKey(store, row);
    const key = inserted === undefined ? undefined : await findApiKeyById(store, inserted.id);
    if (key !== undefined) return { key, text };
  }
  throw new Error('no prefix of an API key is free');
}

function keyName(name: string): string {
  const trimmed = name.trim();
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  if (trimmed !== '' && trimmed.length <= KEY_NAME_CHARACTERS && !/[\u0000-\u001f\u007f]/.test(trimmed)) {
    return trimmed;
  }
  throw new DogearError(
    'api-key-invalid',
    `A key's name has 1 to ${String(KEY_NAME_CHARACTERS)} characters and no line breaks.`,
  );
}
