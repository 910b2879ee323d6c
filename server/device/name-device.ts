import type { Actor } from '../domain/actor.js';
import { FRIENDLY_NAME_CHARACTERS, type DeviceSummary } from './device.js';
import { DogearError } from '../domain/dogear-error.js';
import type { UserId } from '../domain/ids.js';
import { isShownName } from '../domain/single-line.js';
import { findDevice, setFriendlyName } from './device-repository.js';
import type { Store } from '../database/store.js';
import { resolveTargetUser } from '../accounts/resolve-target-user.js';

export interface DeviceOfUser {
  /** `undefined`: the actor. */
  readonly userId: UserId | undefined;
  /** As `deviceKey` makes it, in UTF-8. */
  readonly key: Buffer;
}

/**
 * Sets or removes the friendly name of a device. The actor needs `feature:koreader_sync` for their own devices and
 * `user:manage` for those of other users.
 *
 * @param friendlyName white space around it is removed; `undefined` removes the friendly name
 * @returns the device after the change
 * @throws DogearError `forbidden`, `permission-not-held`, `user-not-found`, `device-not-found`; `device-name-invalid` for
 *   a name that is empty, longer than 100 characters, or has control characters
 */
export async function nameDevice(
  store: Store,
  actor: Actor,
  { userId, key }: DeviceOfUser,
  friendlyName: string | undefined,
): Promise<DeviceSummary> {
  const user = await resolveTargetUser(store, actor, userId, 'feature:koreader_sync', 'change');
  const trimmed = friendlyName?.trim();
  if (trimmed !== undefined && !isShownName(trimmed, FRIENDLY_NAME_CHARACTERS)) {
    throw new DogearError(
      'device-name-invalid',
      `A friendly name has 1 to ${String(FRIENDLY_NAME_CHARACTERS)} characters, and no line breaks or control characters.`,
    );
  }
  await setFriendlyName(store, user.id, key, trimmed);
  const device = await findDevice(store, user.id, key);
  if (device !== undefined) return device;
  throw deviceNotFound();
}

export function deviceNotFound(): DogearError {
  return new DogearError('device-not-found', 'There is no such device.');
}
