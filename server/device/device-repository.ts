import type { ReaderDevice } from '../sync/progress.js';
import type { UserId } from '../domain/ids.js';
import { bulkUpsert } from '../database/bulk-write.js';
import { deviceKey } from './device-key.js';
import type { Store } from '../database/store.js';
import { textBytes } from '../database/text-bytes.js';

export interface SeenDevice {
  readonly userId: UserId;
  readonly device: ReaderDevice;
  readonly seenSeconds: number;
}

/**
 * Registers devices, or notes that they were seen again and what they call themselves now. A device that was
 * forgotten comes back as a new one.
 *
 * @param devices in the order of user and device key, each once
 */
export async function noteDevices(store: Store, devices: readonly SeenDevice[]): Promise<void> {
  const { dialect } = store;
  await bulkUpsert(
    store,
    {
      table: 'device',
      columns: ['user_id', 'device_key', 'name', 'first_seen_s', 'last_seen_s'],
      key: ['user_id', 'device_key'],
      update: ['name', 'last_seen_s'],
    },
    devices.flatMap(({ userId, device, seenSeconds }) => [
      userId,
      textBytes(dialect, deviceKey(device)),
      textBytes(dialect, device.name),
      seenSeconds,
      seenSeconds,
    ]),
  );
}
