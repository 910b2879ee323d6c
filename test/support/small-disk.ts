import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorCode } from '../../server/domain/error-text.js';

export interface SmallDisk {
  /** Writes a file that takes all the space that is left. */
  fill(): void;
  /** Removes that file. */
  free(): void;
  remove(): void;
}

/** The smallest unit of tmpfs. */
const PAGE = Buffer.alloc(4096);

/** Whether this process may mount disks: root may, but not in every container. */
export const MAY_MOUNT = process.platform === 'linux' && process.getuid?.() === 0 && mayMount();

/** Mounts a new disk in memory, of `kibibytes`, at an existing folder. */
export function mountSmallDisk(folder: string, kibibytes: number): SmallDisk {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${String(kibibytes)}k`, 'none', folder], {
    stdio: 'ignore',
  });
  const filler = join(folder, 'filler');
  return {
    fill: () => {
      for (;;) {
        try {
          writeFileSync(filler, PAGE, { flag: 'a' });
        } catch (error) {
          if (errorCode(error) === 'ENOSPC') return;
          throw error;
        }
      }
    },
    free: () => rmSync(filler),
    // Lazily: a server that is being killed may still have files open there.
    remove: () => void execFileSync('umount', ['--lazy', folder]),
  };
}

function mayMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'dogear-mount-'));
  try {
    mountSmallDisk(folder, 64).remove();
    return true;
  } catch {
    return false;
  } finally {
    rmdirSync(folder);
  }
}
