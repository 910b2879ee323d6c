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
  /** Entries in one batch of the result, at most. */
  readonly batchEntries: number;
  /** The step ends when it has found as many entries, or taken as long, but never before it has looked at a path. */
  readonly maxEntries: number;
  readonly maxMs: number;
  readonly isCancelled: () => boolean;
}

/**
 * What is still to be looked at, in the order of the walk: paths relative to the root, latin1. A folder to list ends
 * in a slash, the root itself is empty; everything else is a file to stat.
 */
export type PendingPaths = readonly string[];

export interface WalkStepResult {
  /** In the order of the walk; none is empty. */
  readonly batches: readonly EntryBatch[];
  /** All of it comes after the batches, and before whatever followed the paths that were given. */
  readonly pending: PendingPaths;
}

/** The names of one folder (or the paths that were given), and how far the step has come in them. */
interface Level {
  readonly folder: string;
  readonly names: readonly string[];
  next: number;
}

/** Looking at the clock costs less than a stat, but not nothing. */
const FILES_BETWEEN_CLOCK_READS = 16;

/**
 * Looks at the given paths in order, and down into folders, until all is seen or the step has found or taken enough.
 * A stack of levels takes the place of recursion, so that a tree may be as deep as its paths can be long.
 */
export function stepWalk(pending: PendingPaths, options: WalkStepOptions): WalkStepResult {
  const found = new FoundEntries(options.batchEntries);
  const levels: Level[] = [{ folder: '', names: pending, next: 0 }];
  const untilMs = performance.now() + options.maxMs;
  let looked = 0;
  for (let level = levels.at(-1); level; level = levels.at(-1)) {
    const name = level.names[level.next];
    if (name === undefined) {
      levels.pop();
      continue;
    }
    const path = level.folder + name;
    const isFolder = isFolderPath(path);
    if (looked > 0 && (isFolder || looked % FILES_BETWEEN_CLOCK_READS === 0)) {
      if (found.count >= options.maxEntries || performance.now() > untilMs || options.isCancelled()) break;
    }
    level.next += 1;
    looked += 1;
    if (isFolder) {
      const names = listInShard(path, options, found);
      if (names.length > 0) levels.push({ folder: path, names, next: 0 });
    } else statFile(path, options.root, found);
  }
  return { batches: found.take(), pending: remainder(levels) };
}

function isFolderPath(path: string): boolean {
  return path === '' || path.endsWith('/');
}

/** What the levels have left, the innermost first: that is the order of the walk. */
function remainder(levels: readonly Level[]): string[] {
  const rest: string[] = [];
  for (const { folder, names, next } of levels.toReversed()) {
    for (let at = next; at < names.length; at += 1) rest.push(folder + names[at]);
  }
  return rest;
}

class FoundEntries {
  count = 0;
  private readonly builder = new EntryBatchBuilder();
  private readonly batches: EntryBatch[] = [];
  private readonly batchEntries: number;

  constructor(batchEntries: number) {
    this.batchEntries = batchEntries;
  }

  /** The builder, with room for one more entry. */
  next(): EntryBatchBuilder {
    if (this.builder.length === this.batchEntries) this.batches.push(this.builder.take());
    this.count += 1;
    return this.builder;
  }

  take(): EntryBatch[] {
    if (this.builder.length > 0) this.batches.push(this.builder.take());
    return this.batches;
  }
}

/** The names in a folder that concern this shard: its subfolders always, its files when the folder is the shard's. */
function listInShard(path: string, options: WalkStepOptions, found: FoundEntries): readonly string[] {
  const { root, shard, extensions } = options;
  const folder = path.slice(0, -1);
  try {
    const names = listFolder(root + path, extensions);
    if (!shard || shardOfLatin1Folder(folder, shard.count) === shard.index) return names;
    return names.filter(isFolderPath);
  } catch (error) {
    found.next().addFailure(folder, failureOfErrno(errnoOf(error), true));
    return [];
  }
}

/** One stat that follows links. */
function statFile(path: string, root: string, found: FoundEntries): void {
  try {
    const stats = statSync(systemPath(root + path), { bigint: true });
    if (stats.isFile()) found.next().addFile(path, Number(stats.size), stats.mtimeNs);
    // A link to a folder that has a book's name: links to folders are not followed, and are no books.
    else if (!stats.isDirectory()) found.next().addFailure(path, failureOfCode('not-regular'));
  } catch (error) {
    found.next().addFailure(path, failureOfErrno(errnoOf(error)));
  }
}
