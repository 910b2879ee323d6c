import type { Actor } from '../../domain/actor.js';
import { DogearError } from '../../domain/dogear-error.js';
import type { ApiKeyId } from '../../domain/ids.js';
import type { Store } from '../../database/store.js';
import { requireOneOf } from '../permission-check.js';
import type { ApiKeySummary } from './api-key.js';
import { findApiKeyById } from './api-key-repository.js';

/**
 * The actor needs `feature:api_keys` for their own keys and `user:manage` for those of other users.
 *
 * @throws DogearError `forbidden`; `api-key-not-found`, also for a key that the actor may not see
 */
export async function getApiKey(store: Store, actor: Actor, id: ApiKeyId): Promise<ApiKeySummary> {
  requireOneOf(actor, ['feature:api_keys', 'user:manage']);
  const key = await findApiKeyById(store, id);
  if (key !== undefined && (key.userId === actor.userId || actor.permissions.has('user:manage'))) return key;
  throw new DogearError('api-key-not-found', `There is no API key ${String(id)}.`);
}
