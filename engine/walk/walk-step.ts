import { errnoOf, failureOfCode, failureOfErrno } from '../failure.js';
import type { EntryBatch } from './entry-batch.js';
import { EntryBatchBuilder } from './entry-batch-builder.js';
import { FolderChain, PATH_BYTES } from '../system/folder-chain.js';
import { StableInodes } from '../system/stable-inodes.js';
import { NO_STATE_MARK } from '../system/state-mark.js';
import { listFolder, type ListingRules } from './folder-listing.js';
import { shardOfLatin1Folder, type Shard } from './shard.js';
import { SystemPaths } from './system-entries.js';

export interface WalkStepOptions extends ListingRules {
  /** Absolute, latin1, ends with a slash. */
  readonly root: string;
  readonly shard: Shard | undefined;
  /** Maximum number of entries in one batch of the result. */
  readonly batchEntries: number;
  /** The step ends once it has found `maxEntries` entries or taken `maxMs`. It always visits at least one path. */
  readonly maxEntries: number;
  readonly maxMs: number;
  readonly isCancelled: () => boolean;
}

/**
 * Paths that are still to be visited, in the order of the walk: relative to the root, latin1. A path that ends in a
 * slash is a folder to list, the empty path is the root, and any other path is a file to stat.
 */
export type PendingPaths = readonly string[];

/** What the rules of a walk left out, or would leave out. */
export interface SkipCounts {
  /** Folders that were not looked into because a rule leaves them out. Those in a folder that was left out do not count. */
  readonly folders: number;
  /** Files that were found, but that a walk with `skipSystem` would leave out. 0 for a walk with it. */
  readonly systemFiles: number;
}

export interface WalkStepResult {
  /** In the order of the walk. No batch is empty. */
  readonly batches: readonly EntryBatch[];
  /** In the order of the walk, these paths follow the batches and precede what followed the given paths. */
  readonly pending: PendingPaths;
  readonly skipped: SkipCounts;
}

/** The names of one folder (or the given paths), and the index of the next one to visit. */
interface Level {
  readonly folder: string;
  readonly names: readonly string[];
  next: number;
}

/** Reading the clock is cheaper than a stat but not free, so it is read once for this many files. */
const FILES_BETWEEN_CLOCK_READS = 16;

/**
 * Visits the given paths in order, and descends into folders, until everything is visited or a limit of the step is
 * reached. It keeps a stack of levels and does not recurse, so the depth of a tree is limited only by the length of
 * paths.
 */
export function stepWalk(pending: PendingPaths, options: WalkStepOptions): WalkStepResult {
  const folders = new FolderChain(options.root, true, { followsLinks: options.links !== undefined });
  try {
    return stepThrough(folders, pending, options);
  } finally {
    folders.close();
  }
}

function stepThrough(folders: FolderChain, pending: PendingPaths, options: WalkStepOptions): WalkStepResult {
  const found = new FoundEntries(options.batchEntries);
  const levels: Level[] = [{ folder: '', names: pending, next: 0 }];
  const untilMs = performance.now() + options.maxMs;
  const systemPaths = options.skipSystem ? undefined : new SystemPaths();
  let visited = 0;
  for (let level = levels.at(-1); level; level = levels.at(-1)) {
    const name = level.names[level.next];
    if (name === undefined) {
      levels.pop();
      continue;
    }
    const path = level.folder + name;
    const isFolder = isFolderPath(path);
    if (visited > 0 && (isFolder || visited % FILES_BETWEEN_CLOCK_READS === 0)) {
      if (found.count >= options.maxEntries || performance.now() > untilMs || options.isCancelled()) break;
    }
    level.next += 1;
    visited += 1;
    if (isFolder) {
      const names = listInShard(folders, path, options, found);
      if (names.length > 0) levels.push({ folder: path, names, next: 0 });
    } else {
      const countBefore = found.count;
      examineFile(folders, path, options.root, found);
      if (systemPaths?.has(path) === true) found.systemFiles += found.count - countBefore;
    }
  }
  const { skippedFolders, systemFiles } = found;
  return {
    batches: found.take(),
    pending: remainder(levels),
    skipped: { folders: skippedFolders, systemFiles },
  };
}

function isFolderPath(path: string): boolean {
  return path === '' || path.endsWith('/');
}

/** The paths that the levels have not visited. The innermost level comes first: that is the order of the walk. */
function remainder(levels: readonly Level[]): string[] {
  const rest: string[] = [];
  for (const { folder, names, next } of levels.toReversed()) {
    for (let at = next; at < names.length; at += 1) rest.push(folder + names[at]);
  }
  return rest;
}

class FoundEntries {
  count = 0;
  /** For one step: a device that is mounted later may have the number of an earlier one. */
  readonly stableInodes = new StableInodes();
  skippedFolders = 0;
  systemFiles = 0;
  private readonly builder = new EntryBatchBuilder();
  private readonly batches: EntryBatch[] = [];
  private readonly batchEntries: number;

  constructor(batchEntries: number) {
    this.batchEntries = batchEntries;
  }

  /** Returns the builder, which then has room for one more entry, and counts that entry. */
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

/** Lists a folder. Subfolders are always included; files only if the folder belongs to the shard. */
function listInShard(
  folders: FolderChain,
  path: string,
  options: WalkStepOptions,
  found: FoundEntries,
): readonly string[] {
  const folder = path.slice(0, -1);
  try {
    const { names, skippedFolders } = listFolder(folders.enter(path), path, options);
    const { shard } = options;
    if (shard && shardOfLatin1Folder(folder, shard.count) !== shard.index) return names.filter(isFolderPath);
    found.skippedFolders += skippedFolders;
    return names;
  } catch (error) {
    found.next().addFailure(folder, failureOfErrno(errnoOf(error), true));
    return [];
  }
}

/** Follows symbolic links to files. */
function examineFile(folders: FolderChain, path: string, root: string, found: FoundEntries): void {
  try {
    if (root.length + path.length >= PATH_BYTES) {
      found.next().addFailure(path, failureOfErrno('ENAMETOOLONG'));
      return;
    }
    const nameStart = path.lastIndexOf('/') + 1;
    const folder = path.slice(0, nameStart);
    const { kind, sizeBytes, modifiedNs, mark, device } = folders
      .enter(folder)
      .stateOf(path.slice(nameStart));
    if (kind === 'file') {
      const isStable = found.stableInodes.on(device, root, folder);
      found.next().addFile(path, sizeBytes, modifiedNs, isStable ? mark : NO_STATE_MARK);
    }
    // A link to a folder, with the name of a book, is skipped: it is not a book, and links to folders are not followed.
    else if (kind === 'other') found.next().addFailure(path, failureOfCode('not-regular'));
  } catch (error) {
    found.next().addFailure(path, failureOfErrno(errnoOf(error)));
  }
}
