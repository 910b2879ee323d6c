import { describe, expect, it } from 'vitest';
import { deviceOf, isOnSpinningDisk } from '../../../engine/system/spinning-disk.js';

const MOUNTS = [
  '22 1 254:0 / / rw,relatime - ext4 /dev/vda rw',
  '23 22 0:21 / /proc rw - proc proc rw',
  '30 22 8:17 / /mnt/My\\040books rw shared:1 - xfs /dev/sdb1 rw',
  '31 22 0:40 /@books /srv rw shared:2 master:1 - btrfs /dev/sdc rw,subvol=/@books',
  '32 31 0:41 / /srv/nas rw - nfs4 nas:/books rw',
  '33 22 8:33 / /media rw - ext4 /dev/sdc1 rw',
  '34 22 8:49 / /media rw - ext4 /dev/sdd1 rw',
  '',
].join('\n');

describe('the device that a folder is mounted from', () => {
  it.each([
    ['/', '254:0'],
    ['/srvice/books', '254:0'],
    ['/mnt/My books/', '8:17'],
    ['/mnt/My books/a/b', '8:17'],
    // Btrfs has a number that belongs to no device.
    ['/srv/books', '/dev/sdc'],
    ['/srv/nas', undefined],
    ['/proc/1', undefined],
    // The later mount hides the earlier one.
    ['/media/a', '8:49'],
  ])('of %s is %s', (folder, device) => {
    expect(deviceOf(folder, MOUNTS)).toBe(device);
  });
});

it('a folder of the kernel spins on no disk', () => {
  expect(isOnSpinningDisk('/proc/self')).toBe(false);
});
