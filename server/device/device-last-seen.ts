import { LRUCache } from 'lru-cache';
import { deviceKey, type DevicePush } from './device.js';
import type { SeenDevice } from './device-repository.js';

/** "Last seen" is for people: a device is written when it is new here, calls itself otherwise, or after this long. */
const NOTED_EVERY_MS = 60_000;
/** Devices that are remembered as noted. One that was pushed out costs one more row in the commit of its push. */
const DEVICES = 50_000;

interface Note {
  readonly name: string;
  readonly seenMs: number;
}

/** Picks, from pushes that are about to be committed, the devices that have to be written with them. */
export class DeviceLastSeen {
  readonly #notes = new LRUCache<string, Note>({ max: DEVICES });

  /** @returns devices in the order of user and device key, each once, as last seen among these pushes */
  due(pushes: readonly { readonly push: DevicePush }[]): readonly SeenDevice[] {
    const due = new Map<string, DevicePush>();
    for (const { push } of pushes) {
      const text = noteText(push);
      const note = this.#notes.get(text);
      if (note?.name === push.device.name && push.pushedMs - note.seenMs < NOTED_EVERY_MS) continue;
      const other = due.get(text);
      if (other === undefined || other.pushedMs <= push.pushedMs) due.set(text, push);
    }
    if (due.size === 0) return NONE;
    return [...due.values()]
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

  /** After the commit: a device whose commit failed stays due. */
  noted(devices: readonly SeenDevice[]): void {
    for (const { userId, device, seenSeconds } of devices) {
      this.#notes.set(noteText({ userId, device }), { name: device.name, seenMs: seenSeconds * 1000 });
    }
  }

  /** After a device was forgotten, so that its next push registers it anew. */
  forgetAll(): void {
    this.#notes.clear();
  }
}

const NONE: readonly SeenDevice[] = [];

function noteText({ userId, device }: Pick<DevicePush, 'userId' | 'device'>): string {
  return `${String(userId)} ${deviceKey(device)}`;
}

function compareTexts(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
