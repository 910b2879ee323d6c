import type { Actor } from '../../domain/actor.js';
import type { ApiKeySummary } from './api-key.js';
import type { ApiKeyId, UserId } from '../../domain/ids.js';
import { type Page, pageOf, type PageRequest } from '../../domain/page.js';
import { apiKeysPage } from './api-key-repository.js';
import type { Store } from '../../database/store.js';
import { resolveTargetUser } from '../resolve-target-user.js';

/**
 * A page of the API keys of one user, oldest first, including revoked and expired ones. The actor needs
 * `feature:api_keys` for their own keys and `user:manage` for those of other users.
 *
 * @param userId `undefined`: the actor
 * @param after the id of the last key of the previous page
 * @throws DogearError `forbidden`, `user-not-found`
 */
export async function listApiKeys(
  store: Store,
  actor: Actor,
  userId: UserId | undefined,
  { after, limit }: PageRequest<ApiKeyId>,
): Promise<Page<ApiKeySummary, ApiKeyId>> {
  const user = await resolveTargetUser(store, actor, userId, 'feature:api_keys', 'read');
  const rows = await apiKeysPage(store, { userId: user.id, afterId: after, limit: limit + 1 });
  return pageOf(rows, limit, ({ id }) => id);
}
