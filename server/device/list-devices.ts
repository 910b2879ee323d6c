import type { Actor } from '../domain/actor.js';
import type { DeviceSummary } from './device.js';
import type { UserId } from '../domain/ids.js';
import { type Page, pageOf, type PageRequest } from '../domain/page.js';
import { devicesPage } from './device-repository.js';
import type { Store } from '../database/store.js';
import { resolveTargetUser } from '../accounts/resolve-target-user.js';

/**
 * A page of the devices that one user has synced with, ordered by device key. The actor needs `feature:koreader_sync`
 * for their own devices and `user:manage` for those of other users.
 *
 * @param userId `undefined`: the actor
 * @param after the key of the last device of the previous page
 * @throws DogearError `forbidden`, `user-not-found`
 */
export async function listDevices(
  store: Store,
  actor: Actor,
  userId: UserId | undefined,
  { after, limit }: PageRequest<Buffer>,
): Promise<Page<DeviceSummary, Buffer>> {
  const user = await resolveTargetUser(store, actor, userId, 'feature:koreader_sync', 'read');
  const rows = await devicesPage(store, user.id, { afterKey: after, limit: limit + 1 });
  return pageOf(rows, limit, ({ key }) => key);
}
