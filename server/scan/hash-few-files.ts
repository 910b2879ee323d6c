import { statSync } from 'node:fs';
import { digestOfFile, filenameMd5 } from '../../engine/index.js';
import type { HashedPath } from './hash-paths.js';

/** More files than this are hashed by the engine: its threads take as long to start as these take on a slow disk. */
const FEW_FILES = 4;

/**
 * Hashes a few files in this thread, without an engine: its threads would take a tenth of a second to start.
 *
 * @param paths as `hashPaths` takes them
 * @returns undefined if they are for the engine: if they are many, one is a folder, or one could not be hashed
 */
export function hashFewFiles(paths: readonly Buffer[]): readonly HashedPath[] | undefined {
  if (paths.length > FEW_FILES) return undefined;
  try {
    if (!paths.every((path) => statSync(path).isFile())) return undefined;
    return paths.map((path) => {
      const digest = digestOfFile(path);
      return { path, outcome: { state: 'hashed', filenameMd5: filenameMd5(path), ...digest } };
    });
  } catch {
    return undefined; // The engine meets the reason and reports it. It also has an MD5 where OpenSSL may use none.
  }
}
