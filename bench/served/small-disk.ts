import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorCode } from '../../server/domain/error-text.js';

/** A file system of its own, which can be filled and freed. */
export interface SmallDisk {
  readonly path: string;
  /** Takes all of the room that is left. */
  fill(): void;
  /** Gives it back. */
  free(): void;
  /** Idempotent. */
  remove(): void;
}

/** Mounts a file system in memory. @returns a sentence that says why none can be mounted */
export function mountSmallDisk(megabytes: number): SmallDisk | string {
  if (process.getuid?.() !== 0) return 'only root may mount the file system that it fills';
  const path = mkdtempSync(join(tmpdir(), 'dogear-disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0700`, 'tmpfs', path]);
  if (mounted.status !== 0) {
    rmdirSync(path);
    return `tmpfs cannot be mounted: ${mounted.error?.message ?? String(mounted.stderr).trim()}`;
  }
  const ballast = join(path, 'ballast');
  let isMounted = true;
  const remove = (): void => {
    if (!isMounted) return;
    isMounted = false;
    process.removeListener('exit', remove);
    // Lazily: after a failed run, processes that are just being killed still hold files in it.
    spawnSync('umount', ['--lazy', path]);
    rmdirSync(path);
  };
  process.once('exit', remove);
  return {
    path,
    fill: () => fillDisk(ballast),
    free: () => rmSync(ballast, { force: true }),
    remove,
  };
}

/** Pieces of one MiB first, then of one page, which is the smallest unit of tmpfs. */
function fillDisk(file: string): void {
  const handle = openSync(file, 'a');
  try {
    for (const bytes of [1024 * 1024, 4096]) {
      const piece = Buffer.alloc(bytes);
      // A piece that fits in part is written in part.
      for (let written = bytes; written === bytes;) {
        try {
          written = writeSync(handle, piece);
        } catch (error) {
          if (errorCode(error) !== 'ENOSPC') throw error;
          written = 0;
        }
      }
    }
  } finally {
    closeSync(handle);
  }
}
