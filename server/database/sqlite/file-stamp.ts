import { realpathSync, statSync } from 'node:fs';

/**
 * How long ago a file must have changed for its time to tell it from a later change: FAT has even seconds, and a commit is seen
 * only when what it wrote is on the disk, which takes a busy SD card seconds.
 */
const SETTLED_MS = 10_000;

/**
 * A text that differs after each commit into an SQLite file, by whichever process, without a look into the file: a commit
 * writes to the log, and what is in the log is written into the file. A log without pages counts as none, because opening
 * and closing the file makes and removes it.
 *
 * @returns `undefined` when the files do not tell: they have just been written, or one cannot be looked at
 */
export function fileStamp(file: string): string | undefined {
  try {
    const real = realpathSync(file);
    const main = statSync(real, { bigint: true });
    const log = statSync(`${real}-wal`, { bigint: true, throwIfNoEntry: false });
    const written = log === undefined || log.size === 0n ? [main] : [main, log];
    const newestMs = Math.max(...written.map(({ mtimeMs }) => Number(mtimeMs)));
    if (Math.abs(Date.now() - newestMs) < SETTLED_MS) return undefined;
    return written.map(({ dev, ino, size, mtimeNs }) => [dev, ino, size, mtimeNs].join(':')).join(' ');
  } catch {
    return undefined; // a look at the database says what is wrong
  }
}
