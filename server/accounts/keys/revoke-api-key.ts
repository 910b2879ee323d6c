import { requireMayChange } from '../permission-check.js';
import type { Actor } from '../../domain/actor.js';
import type { ApiKeySummary } from './api-key.js';
import { DogearError } from '../../domain/dogear-error.js';
import type { ApiKeyId } from '../../domain/ids.js';
import { findApiKeyById, findApiKeyByPrefix, markApiKeyRevoked } from './api-key-repository.js';
import type { Store } from '../../database/store.js';
import { resolveTargetUser } from '../resolve-target-user.js';

/**
 * Ends a key for good; a key that is revoked already stays so. Whoever keeps a server's caches forgets its prefix
 * afterwards.
 *
 * @param which its id, or the prefix that it shows
 * @throws DogearError `api-key-not-found`, also for the key of somebody whose keys the actor may not see;
 *   `permission-not-held`
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
  const user = await resolveTargetUser(store, actor, key.userId, 'feature:api_keys');
  if (user.id !== actor.userId) requireMayChange(actor, user);
  await markApiKeyRevoked(store, key.id);
  return key;
}
