import { DogearError } from '../domain/dogear-error.js';
import type { UserId } from '../domain/ids.js';
import { devicesCalled } from './device-repository.js';
import type { Store } from '../database/store.js';

/** More of them than this are not listed to choose from. */
const SAME_NAMES = 10;

/**
 * The key of the device that somebody means by what they call it: the id that the list shows, the id that it sends,
 * its friendly name, or its name.
 *
 * @throws DogearError `device-not-found`, also where several are called so
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
