import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAY_MOUNT, mountSmallDisk, type SmallDisk } from '../../test/support/small-disk.js';

/** A small disk in a folder of its own. `remove` is idempotent. */
export interface DiskInFolder extends SmallDisk {
  readonly path: string;
}

/** Mounts a small disk until `remove` or the end of this process. @returns a sentence that says why none can be mounted */
export function mountDiskInFolder(megabytes: number): DiskInFolder | string {
  if (!MAY_MOUNT) return 'only root may mount the file system that it fills, and not in every container';
  const path = mkdtempSync(join(tmpdir(), 'dogear-disk-'));
  const disk = mountSmallDisk(path, megabytes * 1024);
  let isMounted = true;
  const remove = (): void => {
    if (!isMounted) return;
    isMounted = false;
    process.removeListener('exit', remove);
    disk.remove();
    rmdirSync(path);
  };
  process.once('exit', remove);
  return { ...disk, path, remove };
}
