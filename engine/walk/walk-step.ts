import { statSync } from 'node:fs';
import type { EntryBatch } from './entry-batch.js';
import { EntryBatchBuilder } from './entry-batch-builder.js';
import { errnoOf, failureOfCode, failureOfErrno } from './failure.js';
import { listFolder } from './folder-listing.js';
import { systemPath } from './latin-path.js';
import { shardOfLatin1Folder, type Shard } from './shard.js';

export interface WalkStepOptions {
  /** Absolute, latin1, with a slash at its end. */
  readonly root: string;
  readonly extensions: ReadonlySet<string>;
  readonly shard: Shard | undefined;
  readonly maxEntries: number;
  readonly maxMs: number;
}

/**
 * What is still to be looked at, in the order of the walk: paths relative to the root (latin1). A folder to list ends
 * in a slash, the root itself is empty; everything else is a file to stat.
 */
export type PendingPaths = readonly string[];

export interface WalkStepResult {
  readonly entries: EntryBatch;
  /** All of it comes after `entries`, and before whatever followed the paths that were given. */
  readonly pending: PendingPaths;
}

export function isPendingFolder(path: string): boolean {
  return path === '' || path.endsWith('/');
}

interface Level {
  readonly folder: string;
  readonly names: readonly string[];
  next: number;
}

/**
 * Looks at the given paths in order, down into folders, until all is seen or the step has found or taken enough.
 * At least one path is looked at, so that steps always get on.
 */
export function stepWalk(pending: PendingPaths, options: WalkStepOptions): WalkStepResult {
  const entries = new EntryBatchBuilder();
  const levels: Level[] = [{ folder: '', names: pending, next: 0 }];
  const untilMs = performance.now() + options.maxMs;
  let looked = 0;
  for (let level = levels.at(-1); level; level = levels.at(-1)) {
    const name = level.names[level.next];
    if (name === undefined) {
      levels.pop();
      continue;
    }
    if (looked > 0 && (entries.length >= options.maxEntries || performance.now() > untilMs)) break;
    level.next += 1;
    looked += 1;
    const path = level.folder + name;
    if (isPendingFolder(path)) {
      const names = listInShard(path, options, entries);
      if (names.length > 0) levels.push({ folder: path, names, next: 0 });
    } else statFile(path, options.root, entries);
  }
  const rest: string[] = [];
  for (const level of levels.toReversed()) {
    for (let at = level.next; at < level.names.length; at += 1) rest.push(level.folder + level.names[at]);
  }
  return { entries: entries.take(), pending: rest };
}

function listInShard(path: string, options: WalkStepOptions, entries: EntryBatchBuilder): string[] {
  const { root, shard } = options;
  let names: string[];
  try {
    names = listFolder(root + path, options.extensions);
  } catch (error) {
    entries.addFailure(path.slice(0, -1), failureOfErrno(errnoOf(error), true));
    return [];
  }
  if (shard && shardOfLatin1Folder(path.slice(0, -1), shard.count) !== shard.index) {
    return names.filter(isPendingFolder);
  }
  return names;
}

function statFile(path: string, root: string, entries: EntryBatchBuilder): void {
  try {
    const stats = statSync(systemPath(root + path), { bigint: true });
    if (stats.isFile()) entries.addFile(path, Number(stats.size), stats.mtimeNs);
    // A link to a folder with a book's name: links to folders are not followed, and are no books.
    else if (!stats.isDirectory()) entries.addFailure(path, failureOfCode('not-regular'));
  } catch (error) {
    entries.addFailure(path, failureOfErrno(errnoOf(error)));
  }
}
