import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { temporaryFolder } from './temporary-folder.js';

/** A folder of small book files that a test writes, moves and removes. */
export interface BookFolder {
  readonly path: string;
  write(relativePath: string, content: string | Buffer): void;
  move(from: string, to: string): void;
  remove(relativePath: string): void;
  /** Sets the modification time, in seconds since 1970. */
  setModified(relativePath: string, seconds: number): void;
}

/** @param files contents by path relative to the folder */
export async function bookFolder(files: Readonly<Record<string, string>> = {}): Promise<BookFolder> {
  const { path } = await temporaryFolder();
  const at = (relativePath: string): string => join(path, relativePath);
  const folder: BookFolder = {
    path,
    write: (relativePath, content) => {
      mkdirSync(dirname(at(relativePath)), { recursive: true });
      writeFileSync(at(relativePath), content);
    },
    move: (from, to) => {
      mkdirSync(dirname(at(to)), { recursive: true });
      renameSync(at(from), at(to));
    },
    remove: (relativePath) => rmSync(at(relativePath), { recursive: true }),
    setModified: (relativePath, seconds) => utimesSync(at(relativePath), seconds, seconds),
  };
  for (const [relativePath, content] of Object.entries(files)) folder.write(relativePath, content);
  return folder;
}

/** MD5 in hexadecimal. For files of at most 1,024 bytes it is the partial MD5 too. */
export function md5(content: string | Buffer): string {
  return createHash('md5').update(content).digest('hex');
}
