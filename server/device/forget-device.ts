import type { Actor } from '../domain/actor.js';
import { deleteDevice } from './device-repository.js';
import type { Store } from '../database/store.js';
import { resolveTargetUser } from '../accounts/resolve-target-user.js';
import { deviceNotFound, type DeviceOfUser } from './name-device.js';

/**
 * Deletes a device and its friendly name from the list of devices. Its positions stay; they can be deleted one by one.
 * The next push of the device inserts it again as a new one. The actor needs `feature:koreader_sync` for their own
 * devices and `user:manage` for those of other users.
 *
 * A server must call `DeviceLastSeen.clear` afterwards. Otherwise the device may stay away from the list for a minute.
 *
 * @throws DogearError `forbidden`, `permission-not-held`, `user-not-found`, `device-not-found`
 */
export async function forgetDevice(store: Store, actor: Actor, { userId, key }: DeviceOfUser): Promise<void> {
  const user = await resolveTargetUser(store, actor, userId, 'feature:koreader_sync', 'change');
  if (!(await deleteDevice(store, user.id, key))) throw deviceNotFound();
}
