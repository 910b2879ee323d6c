import { realpathSync, statSync } from 'node:fs';

/** The files of an open database beside the one that its URL names. SQLite follows links before it names them. */
const BESIDE = ['-wal', '-shm'] as const;

/**
 * Notices when another file, or none, stands where the files of an open database stood. SQLite goes on with the files
 * that it has open: what it then commits is gone when it closes them, although each commit succeeds. In WAL mode it does
 * not look by itself. A check takes three calls of `stat`, some 30 µs.
 */
export class FileWatch {
  readonly #files: ReadonlyMap<string, string | undefined>;

  /** @param file an open database that has been read, so that all its files exist */
  constructor(file: string) {
    const real = realpathSync(file);
    const watched = [file, ...BESIDE.map((suffix) => real + suffix)];
    this.#files = new Map(watched.map((path) => [path, fileIdentity(path)]));
  }

  /** What has happened to one of the files; `undefined` while all are the same. */
  change(): string | undefined {
    for (const [path, identity] of this.#files) {
      const change = fileChange(path, identity);
      if (change !== undefined) return change;
    }
    return undefined;
  }
}

/** What has happened to a file since it had this identity; `undefined` while it is the same. */
export function fileChange(path: string, identity: string | undefined): string | undefined {
  const now = fileIdentity(path);
  if (now === identity) return undefined;
  return now === undefined ? `${path} is gone` : `${path} was replaced by another file`;
}

/** Device and inode; `undefined` where no file is. */
export function fileIdentity(path: string): string | undefined {
  try {
    const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
    return stats === undefined ? undefined : `${String(stats.dev)}:${String(stats.ino)}`;
  } catch {
    return undefined; // a folder of the path became a file, or may no longer be entered
  }
}
