import { readFileSync, statSync } from 'node:fs';

/** Fields of /proc/self/mountinfo. The source comes two fields after the dash, behind a varying number of options. */
const DEVICE = 2;
const MOUNT_POINT = 4;
const DASH = '-';
const SOURCE_AFTER_DASH = 2;

/**
 * Whether a folder lies on a disk whose arm has to move, as far as Linux says so: by the flag `rotational` of the block
 * device that it is mounted from, which partitions, RAID and encryption inherit. File servers, FUSE, ZFS and file systems
 * in memory have no block device; then it is false, as on other systems. Virtual disks may say that they spin and do not.
 *
 * It reads files of the kernel alone, so it does not wait for the storage.
 *
 * @param folder absolute; no part of it is a link
 */
export function isOnSpinningDisk(folder: string): boolean {
  try {
    const device = deviceOf(folder, readFileSync('/proc/self/mountinfo', 'utf8'));
    return device !== undefined && isRotational(device);
  } catch {
    return false; // Not Linux, or no block device.
  }
}

/**
 * @param mounts as in /proc/self/mountinfo
 * @returns `major:minor` of what the folder is mounted from, or the path of the device
 */
export function deviceOf(folder: string, mounts: string): string | undefined {
  let longest = -1;
  let device: string | undefined;
  for (const line of mounts.split('\n')) {
    const fields = line.split(' ');
    const point = unescaped(fields[MOUNT_POINT] ?? '');
    const within = point.endsWith('/') ? point : `${point}/`;
    // Of two mounts at one place, the later one hides the earlier.
    if (point === '' || within.length < longest || !`${folder}/`.startsWith(within)) continue;
    longest = within.length;
    const number = fields[DEVICE] ?? '';
    // Btrfs has no block device's number. Its source is the path of the device.
    const source = unescaped(fields[fields.indexOf(DASH) + SOURCE_AFTER_DASH] ?? '');
    device = !number.startsWith('0:') ? number : source.startsWith('/dev/') ? source : undefined;
  }
  return device;
}

/** Blanks are written as `\040`. */
function unescaped(field: string): string {
  return field.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCodePoint(parseInt(octal, 8)));
}

function isRotational(device: string): boolean {
  const number = device.startsWith('/') ? deviceNumber(statSync(device).rdev) : device;
  const folder = `/sys/dev/block/${number}`;
  // A partition has no queue of its own.
  for (const queue of [`${folder}/queue`, `${folder}/../queue`]) {
    const flag = readOptional(`${queue}/rotational`);
    if (flag !== undefined) return flag.trim() === '1';
  }
  return false;
}

function readOptional(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** As Linux packs the numbers of a device into one. */
function deviceNumber(packed: number): string {
  return `${(packed >>> 8) & 0xfff}:${(packed & 0xff) | ((packed >>> 12) & 0xfff00)}`;
}
