import { requireMayChange } from '../permission-check.js';
import type { Actor } from '../../domain/actor.js';
import type { ApiKeySummary } from './api-key.js';
import { DogearError } from '../../domain/dogear-error.js';
import type { ApiKeyId } from '../../domain/ids.js';
import { findApiKeyById, findApiKeyByPrefix, markApiKeyRevoked } from './api-key-repository.js';
import type { Store } from '../../database/store.js';
import { resolveTargetUser } from '../resolve-target-user.js';

/**
 * Revokes an API key for good. A key that is revoked already keeps its time of revocation. The actor needs
 * `feature:api_keys` for their own keys. For the key of another user the actor needs `user:manage` and every permission
 * of that user.
 *
 * A server must remove the key's prefix from its cache afterwards (`Accounts.keys`).
 *
 * @param which the id of the key, or its prefix
 * @returns the key as it was before
 * @throws DogearError `forbidden`; `permission-not-held`; `api-key-not-found`, also for a key that the actor may not see
 */
export async function revokeApiKey(
  store: Store,
  actor: Actor,
  which: ApiKeyId | { readonly prefix: string },
): Promise<ApiKeySummary> {
  const key =
    typeof which === 'number'
      ? await findApiKeyById(store, which)
      : await findApiKeyByPrefix(store, which.prefix);
  const maySeeAll = actor.permissions.has('user:manage');
  if (key === undefined || (key.userId !== actor.userId && !maySeeAll)) {
    const shown = typeof which === 'number' ? String(which) : which.prefix;
    throw new DogearError('api-key-not-found', `There is no API key ${shown}.`);
  }
  const user = await resolveTargetUser(store, actor, key.userId, 'feature:api_keys', 'change');
  if (user.id !== actor.userId) requireMayChange(actor, user);
  await markApiKeyRevoked(store, key.id);
  return key;
}
