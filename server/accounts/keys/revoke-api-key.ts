import { requireMayChange } from '../permission-check.js';
import type { Actor } from '../../domain/actor.js';
import type { ApiKeySummary } from './api-key.js';
import type { ApiKeyId } from '../../domain/ids.js';
import { markApiKeyRevoked } from './api-key-repository.js';
import { getApiKey } from './get-api-key.js';
import type { Store } from '../../database/store.js';
import { resolveTargetUser } from '../resolve-target-user.js';

/**
 * Revokes an API key for good. A key that is revoked already keeps its time of revocation. The actor needs
 * `feature:api_keys` for their own keys. For the key of another user the actor needs `user:manage` and every permission
 * of that user.
 *
 * A server must remove the key from its cache afterwards (`Accounts.keys`).
 *
 * @returns the key as it was before
 * @throws DogearError `forbidden`; `permission-not-held`; `api-key-not-found`, also for a key that the actor may not see
 */
export async function revokeApiKey(store: Store, actor: Actor, id: ApiKeyId): Promise<ApiKeySummary> {
  const key = await getApiKey(store, actor, id);
  const user = await resolveTargetUser(store, actor, key.userId, 'feature:api_keys', 'change');
  if (user.id !== actor.userId) requireMayChange(actor, user);
  await markApiKeyRevoked(store, key.id);
  return key;
}
