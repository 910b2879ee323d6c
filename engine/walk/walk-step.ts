import { type EntryFailure, errnoOf, failureOfErrno } from '../failure.js';
import { FolderChain, PATH_BYTES } from '../system/folder-chain.js';
import type { EntryState, OpenFolder } from '../system/open-folder.js';
import type { EntryBatch } from './entry-batch.js';
import { listFolder, type ListingRules, type WalkListing } from './folder-listing.js';
import { FoundEntries } from './found-entries.js';
import { shardOfLatin1Folder, type Shard } from './shard.js';

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
  /** The time that a path took. Paths that were listed count, too, so that a large folder does not look slow. */
  readonly msPerPath: number;
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
  const found = new FoundEntries(options);
  const levels: Level[] = [{ folder: '', names: pending, next: 0 }];
  const beganMs = performance.now();
  const untilMs = beganMs + options.maxMs;
  let visited = 0;
  let listed = 0;
  let skippedFolders = 0;
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
    if (!isFolder) found.addFile(path, examineFile(folders, path, options.root));
    else {
      const listing = listInShard(() => folders.enter(path), path, options);
      if ('code' in listing) found.addFolderFailure(path.slice(0, -1), listing);
      else {
        listed += listing.names.length;
        skippedFolders += listing.skippedFolders;
        if (listing.names.length > 0) levels.push({ folder: path, names: listing.names, next: 0 });
      }
    }
  }
  return {
    batches: found.take(),
    pending: remainder(levels),
    skipped: { folders: skippedFolders, systemFiles: found.systemFiles },
    msPerPath: (performance.now() - beganMs) / Math.max(1, visited + listed),
  };
}

export function isFolderPath(path: string): boolean {
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

/**
 * Lists a folder. Subfolders are always included; files only if the folder belongs to the shard.
 *
 * @param path relative to the root, latin1; ends with a slash unless it is the root
 */
export function listInShard(
  open: () => OpenFolder,
  path: string,
  options: ListingRules & Pick<WalkStepOptions, 'shard'>,
): WalkListing | EntryFailure {
  try {
    const listing = listFolder(open(), path, options);
    const { shard } = options;
    if (shard && shardOfLatin1Folder(path.slice(0, -1), shard.count) !== shard.index) {
      return { names: listing.names.filter(isFolderPath), skippedFolders: 0 };
    }
    return listing;
  } catch (error) {
    return failureOfErrno(errnoOf(error), true);
  }
}

/** Examines a file. Follows symbolic links to files. */
export function examineFile(folders: FolderChain, path: string, root: string): EntryState | EntryFailure {
  try {
    if (root.length + path.length >= PATH_BYTES) return failureOfErrno('ENAMETOOLONG');
    const nameStart = path.lastIndexOf('/') + 1;
    return folders.enter(path.slice(0, nameStart)).stateOf(path.slice(nameStart));
  } catch (error) {
    return failureOfErrno(errnoOf(error));
  }
}
