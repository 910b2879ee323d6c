import { describe, expect, it } from 'vitest';
import { DeviceLastSeen } from '../../../server/device/device-last-seen.js';
import { userId } from '../../../server/domain/ids.js';

const START_MS = 1_700_000_000_000;

interface Push {
  readonly user?: number;
  readonly id?: string;
  readonly name?: string;
  readonly afterMs?: number;
}

function pushOf({ user = 1, id, name = 'Kobo', afterMs = 0 }: Push) {
  return { push: { userId: userId(user), device: { id, name }, pushedMs: START_MS + afterMs } };
}

describe('devices to write with a commit', () => {
  it('are each written once, with the latest push, in the order of the primary key', () => {
    const written = new DeviceLastSeen().devicesToWrite(
      [
        { user: 2, id: 'A' },
        { user: 1, id: 'B', name: 'late', afterMs: 5000 },
        { user: 1, id: 'B', name: 'early', afterMs: 1000 },
        { user: 1, id: 'A' },
        // Without an id, the name identifies the device. It is not the device whose id is 'A'.
        { user: 1, name: 'A' },
      ].map(pushOf),
    );
    expect(
      written.map(({ userId: user, device, seenSeconds }) => [user, device.id, device.name, seenSeconds]),
    ).toEqual([
      [1, 'A', 'Kobo', 1_700_000_000],
      [1, 'B', 'late', 1_700_000_005],
      [1, undefined, 'A', 1_700_000_000],
      [2, 'A', 'Kobo', 1_700_000_000],
    ]);
  });

  it.each([
    ['not within a minute', { id: 'A', afterMs: 59_999 }, 0],
    ['after a minute', { id: 'A', afterMs: 60_000 }, 1],
    ['at once when the name has changed', { id: 'A', name: 'Kobo 2', afterMs: 1 }, 1],
    ['at once when another user has it', { user: 2, id: 'A', afterMs: 1 }, 1],
  ])('are written again %s', (_case, later, count) => {
    const devices = new DeviceLastSeen();
    devices.markWritten(devices.devicesToWrite([pushOf({ id: 'A' })]));
    expect(devices.devicesToWrite([pushOf(later)])).toHaveLength(count);
  });

  it('are written again when the commit failed, and when a device was deleted', () => {
    const devices = new DeviceLastSeen();
    const first = devices.devicesToWrite([pushOf({ id: 'A' })]);
    expect(devices.devicesToWrite([pushOf({ id: 'A' })])).toEqual(first);
    devices.markWritten(first);
    expect(devices.devicesToWrite([pushOf({ id: 'A' })])).toEqual([]);
    devices.clear();
    expect(devices.devicesToWrite([pushOf({ id: 'A' })])).toEqual(first);
  });
});
