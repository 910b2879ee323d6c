import type { Actor } from '../domain/actor.js';
import { FRIENDLY_NAME_CHARACTERS, type DeviceSummary } from './device.js';
import { DogearError } from '../domain/dogear-error.js';
import type { UserId } from '../domain/ids.js';
import { findDevice, setFriendlyName } from './device-repository.js';
import type { Store } from '../database/store.js';
import { resolveTargetUser } from '../accounts/resolve-target-user.js';

export interface DeviceOfUser {
  /** `undefined`: the actor. */
  readonly userId: UserId | undefined;
  readonly key: Buffer;
}

/**
 * Gives a device the name that its user knows it by, or takes it away (`undefined`).
 *
 * @throws DogearError `forbidden`, `user-not-found`, `device-not-found`, `device-name-invalid`
 */
export async function nameDevice(
  store: Store,
  actor: Actor,
  { userId, key }: DeviceOfUser,
  friendlyName: string | undefined,
): Promise<DeviceSummary> {
  const user = await resolveTargetUser(store, actor, userId, 'feature:koreader_sync');
  const trimmed = friendlyName?.trim();
  if (trimmed !== undefined && !isFriendlyName(trimmed)) {
    throw new DogearError(
      'device-name-invalid',
      `A friendly name has 1 to ${String(FRIENDLY_NAME_CHARACTERS)} characters and no line breaks.`,
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

function isFriendlyName(name: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  return name !== '' && name.length <= FRIENDLY_NAME_CHARACTERS && !/[\u0000-\u001f\u007f]/.test(name);
}
