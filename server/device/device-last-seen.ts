import { lruCache } from '../batching/lru-cache.js';
import { deviceKey, type DevicePush } from './device.js';
import type { SeenDevice } from './device-repository.js';

/** People read "last seen" in lists, so a minute is exact enough. A new name of the device is written at once. */
const WRITE_INTERVAL_MS = 60_000;
/** Devices whose last write is known. A device that is evicted costs one more row in the commit of its next push. */
const DEVICES = 50_000;

interface WrittenDevice {
  readonly name: string;
  readonly seenMs: number;
}

/**
 * Decides which devices are written to the database with the pushes that they sent: devices that this process has not
 * written yet, devices whose name has changed, and devices whose last write is older than a minute.
 */
export class DeviceLastSeen {
  readonly #written = lruCache<string, WrittenDevice>(DEVICES);

  /**
   * @param pushes the pushes of one commit
   * @returns the devices to write with the commit, each once, with its latest push, ordered by user and device key as
   *   `saveSeenDevices` needs them
   */
  devicesToWrite(pushes: readonly { readonly push: DevicePush }[]): readonly SeenDevice[] {
    const latest = new Map<string, DevicePush>();
    for (const { push } of pushes) {
      const cacheKey = cacheKeyOf(push);
      const written = this.#written.get(cacheKey);
      if (written?.name === push.device.name && push.pushedMs - written.seenMs < WRITE_INTERVAL_MS) continue;
      const other = latest.get(cacheKey);
      if (other === undefined || other.pushedMs <= push.pushedMs) latest.set(cacheKey, push);
    }
    if (latest.size === 0) return NONE;
    return [...latest.values()]
      .toSorted(
        (left, right) =>
          left.userId - right.userId || compareTexts(deviceKey(left.device), deviceKey(right.device)),
      )
      .map(({ userId, device, pushedMs }) => ({
        userId,
        device,
        seenSeconds: Math.floor(pushedMs / 1000),
      }));
  }

  /** Call it after the commit has succeeded: devices of a failed commit must be written with the next one. */
  markWritten(devices: readonly SeenDevice[]): void {
    for (const { userId, device, seenSeconds } of devices) {
      this.#written.set(cacheKeyOf({ userId, device }), { name: device.name, seenMs: seenSeconds * 1000 });
    }
  }

  /** Call it after a device was deleted: its next push must insert it again. */
  clear(): void {
    this.#written.clear();
  }
}

/** One array for all commits that write no device, which are most of them. */
const NONE: readonly SeenDevice[] = [];

function cacheKeyOf({ userId, device }: Pick<DevicePush, 'userId' | 'device'>): string {
  return `${String(userId)} ${deviceKey(device)}`;
}

function compareTexts(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
