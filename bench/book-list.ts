import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isBookName, KOREADER_EXTENSIONS } from '../engine/index.js';

/**
 * Lists the books below a folder without the engine's walk, so that a file which the walk misses is noticed.
 *
 * @returns relative paths in byte order
 */
export function listBooks(folder: string): Buffer[] {
  const paths: Buffer[] = [];
  const pending = [''];
  for (let below = pending.pop(); below !== undefined; below = pending.pop()) {
    for (const entry of readdirSync(join(folder, below), { withFileTypes: true })) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) pending.push(path);
      else if (isBookName(Buffer.from(entry.name), KOREADER_EXTENSIONS)) paths.push(Buffer.from(path));
    }
  }
  return paths.toSorted((left, right) => left.compare(right));
}

/** Writes the list that the yardsticks take: absolute paths, each ended by a zero byte. */
export function writeBookList(file: string, folder: string, paths: readonly Buffer[]): void {
  const root = Buffer.from(`${folder}/`);
  const zero = Buffer.alloc(1);
  writeFileSync(file, Buffer.concat(paths.flatMap((path) => [root, path, zero])));
}
