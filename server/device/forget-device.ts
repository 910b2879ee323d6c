import type { Actor } from '../domain/actor.js';
import { deleteDevice } from './device-repository.js';
import type { Store } from '../database/store.js';
import { resolveTargetUser } from '../accounts/resolve-target-user.js';
import { deviceNotFound, type DeviceOfUser } from './name-device.js';

/**
 * Takes a device off the list, with its friendly name. Its positions stay: they are deleted one by one. When it pushes
 * again it is there again, as a new one; a server's notes of devices have to be forgotten for that.
 *
 * @throws DogearError `forbidden`, `user-not-found`, `device-not-found`
 */
export async function forgetDevice(store: Store, actor: Actor, { userId, key }: DeviceOfUser): Promise<void> {
  const user = await resolveTargetUser(store, actor, userId, 'feature:koreader_sync');
  if (!(await deleteDevice(store, user.id, key))) throw deviceNotFound();
}
