import { DogearError } from '../domain/dogear-error.js';
import type { UserId } from '../domain/ids.js';
import { devicesCalled } from './device-repository.js';
import type { Store } from '../database/store.js';

/** At most this many devices with the same name are listed in the error. */
const SAME_NAMES = 10;

/**
 * Finds the key of a device from a text that a person typed. Permissions are not checked here.
 *
 * @param called the device key in base64url (as lists show it), the id that the device sends, its name, or its friendly
 *   name
 * @throws DogearError `device-not-found`, also when several devices match; the error then lists up to 10 of them
 */
export async function findDeviceKey(store: Store, userId: UserId, called: string): Promise<Buffer> {
  const devices = await devicesCalled(store, userId, called, SAME_NAMES);
  const [device] = devices;
  if (device !== undefined && devices.length === 1) return device.key;
  if (device !== undefined) {
    const ids = devices.map(({ key }) => key.toString('base64url')).join(', ');
    throw new DogearError(
      'device-not-found',
      `Several devices are called "${called}"; name one by its id: ${ids}.`,
    );
  }
  throw new DogearError(
    'device-not-found',
    `There is no device "${called}"; "dogear device list" lists them.`,
  );
}
