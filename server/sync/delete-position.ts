import type { Actor } from '../domain/actor.js';
import { deleteHistoryWithoutProgress } from './progress-history-repository.js';
import { deletePositionOfDevice } from './progress-repository.js';
import type { Store } from '../database/store.js';
import { resolveTargetUser } from '../accounts/resolve-target-user.js';
import { type DocumentOfUser, progressNotFound } from './get-document.js';

/**
 * Deletes the position of one device in a document. Pulls then return the newest of the other devices.
 *
 * @param deviceKey as in `DevicePosition.deviceKey`
 * @throws DogearError `forbidden`, `permission-not-held`, `user-not-found`, `progress-not-found`
 */
export async function deletePosition(
  store: Store,
  actor: Actor,
  { userId, document }: DocumentOfUser,
  deviceKey: Buffer,
): Promise<void> {
  const user = await resolveTargetUser(store, actor, userId, 'feature:koreader_sync', 'change');
  const key = { userId: user.id, document };
  if (!(await deletePositionOfDevice(store, key, deviceKey))) throw progressNotFound();
  await deleteHistoryWithoutProgress(store, [key]);
}
