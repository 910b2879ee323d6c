import { statfsSync } from 'node:fs';
import { systemPath } from './latin1-path.js';

/**
 * File systems whose inodes and change times stay the same while nobody touches a file, by the type that statfs gives.
 * Others make inodes up when a file is looked at (FAT, exFAT, many FUSE and SMB servers): there, every file of an
 * untouched library could look changed after a restart.
 */
const STABLE: ReadonlySet<number> = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // XFS
  0x9123683e, // Btrfs
  0x2fc12fc1, // ZFS
  0xf2f52010, // F2FS
  0xca451a4e, // bcachefs
  0x794c7630, // overlayfs
  0x6969, // NFS
  0x01021994, // tmpfs
]);

/** Which devices have stable inodes. Each is asked for once. */
export class StableInodes {
  readonly #known = new Map<number, boolean>();

  /**
   * @param device of a file
   * @param root absolute, latin1, ends with a slash
   * @param folder of the file, below the root
   */
  on(device: number, root: string, folder: string): boolean {
    let isStable = this.#known.get(device);
    if (isStable === undefined) {
      isStable = hasStableType(root + folder);
      this.#known.set(device, isStable);
    }
    return isStable;
  }
}

function hasStableType(folder: string): boolean {
  try {
    return isStableType(statfsSync(systemPath(folder)).type);
  } catch {
    return false; // As without these values.
  }
}

/** @param type as statfs gives it, which some systems do as a signed number */
export function isStableType(type: number): boolean {
  return STABLE.has(type >>> 0);
}
