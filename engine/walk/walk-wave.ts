import type { EntryFailure } from '../failure.js';
import { FolderChain } from '../system/folder-chain.js';
import { FILES_AT_ONCE, FOLDERS_AT_ONCE, type LateFolders, type WantedFile } from '../system/late-folders.js';
import type { EntryState, LateFolder } from '../system/open-folder.js';
import type { EntryBatch } from './entry-batch.js';
import type { WalkListing } from './folder-listing.js';
import { FoundEntries } from './found-entries.js';
import {
  examineFile,
  isFolderPath,
  listInShard,
  type PendingPaths,
  type SkipCounts,
  type WalkStepOptions,
} from './walk-step.js';

/** A stretch of a walk: entries that were found, and paths behind them that are still to be visited. */
export interface WalkPart {
  readonly batches: readonly EntryBatch[];
  readonly pending: PendingPaths;
}

export interface WalkWavesResult {
  /** In the order of the walk. */
  readonly parts: readonly WalkPart[];
  readonly skipped: SkipCounts;
}

/** What is at a path of a file, or why a folder could not be listed. */
interface Visited {
  readonly path: string;
  readonly found: EntryState | EntryFailure;
}

/** In the order of the walk: paths that were visited, and paths that are still to be. */
type WavePlace = string | Visited;

/** A folder of a wave. */
interface WaveFolder {
  /** Ends with a slash unless it is the root. */
  readonly folder: string;
  /** Whether the folder itself is to be visited, not only files in it. */
  readonly isListed: boolean;
  /** The names of the files that are examined in this wave, and of what else was listed. */
  names: string[];
  late: LateFolder | undefined;
  failure: EntryFailure | undefined;
}

/**
 * Like `stepWalk`, for storage that answers late: visits many folders at the same time, and then the files in them. What
 * was found in one wave is visited in the next, so that folders with a single subfolder each do not hold it up. The first
 * paths of the walk come first, so the unvisited paths that it keeps are those of the folders of a few waves.
 */
export function stepWalkInWaves(
  pending: PendingPaths,
  late: LateFolders,
  options: WalkStepOptions,
): WalkWavesResult {
  // For what does not go as expected.
  const folders = new FolderChain(options.root, true, { followsLinks: options.links !== undefined });
  const untilMs = performance.now() + options.maxMs;
  let places: readonly WavePlace[] = pending;
  let entries = 0;
  let skippedFolders = 0;
  try {
    do {
      const wave = new Wave(places, late, folders, options);
      places = wave.visit();
      entries += wave.entries;
      skippedFolders += wave.skippedFolders;
    } while (
      places.some(isPending) &&
      entries < options.maxEntries &&
      performance.now() <= untilMs &&
      !options.isCancelled()
    );
  } finally {
    folders.close();
  }
  const found = new FoundEntries(options);
  const parts = stretchesOf(places, found);
  return { parts, skipped: { folders: skippedFolders, systemFiles: found.systemFiles } };
}

function isPending(place: WavePlace): place is string {
  return typeof place === 'string';
}

function stretchesOf(places: readonly WavePlace[], found: FoundEntries): readonly WalkPart[] {
  const parts: WalkPart[] = [];
  let pending: string[] = [];
  const end = (): void => {
    parts.push({ batches: found.take(), pending });
    pending = [];
  };
  let isLastPending = false;
  for (const place of places) {
    if (isPending(place)) pending.push(place);
    else {
      if (isLastPending) end();
      if ('code' in place.found && place.found.isFolder) found.addFolderFailure(place.path, place.found);
      else found.addFile(place.path, place.found);
    }
    isLastPending = isPending(place);
  }
  end();
  return parts;
}

/** One wave: the first folders and files that are still to be visited. */
class Wave {
  entries = 0;
  skippedFolders = 0;
  readonly #places: readonly WavePlace[];
  readonly #late: LateFolders;
  readonly #folders: FolderChain;
  readonly #options: WalkStepOptions;
  /** By the index of the first place that it stands for. */
  readonly #works = new Map<number, WaveFolder>();
  /** Places from here on are not visited in this wave. */
  #end = 0;

  constructor(
    places: readonly WavePlace[],
    late: LateFolders,
    folders: FolderChain,
    options: WalkStepOptions,
  ) {
    this.#places = places;
    this.#late = late;
    this.#folders = folders;
    this.#options = options;
    this.#choose();
  }

  visit(): readonly WavePlace[] {
    const works = [...this.#works.values()];
    const opened = this.#late.open(
      this.#options.root,
      works.map(({ folder, isListed }) => ({ path: folder, isListed })),
    );
    for (const [at, work] of works.entries()) work.late = opened[at];
    try {
      for (const work of works) if (work.isListed) this.#list(work);
      return this.#joined(this.#examine(works));
    } finally {
      for (const { late } of works) late?.close();
    }
  }

  #choose(): void {
    let files = 0;
    let last: WaveFolder | undefined;
    for (; this.#end < this.#places.length && files < FILES_AT_ONCE; this.#end += 1) {
      const place = this.#places[this.#end] ?? '';
      if (!isPending(place)) {
        last = undefined;
        continue;
      }
      const isListed = isFolderPath(place);
      const nameStart = isListed ? place.length : place.lastIndexOf('/') + 1;
      const folder = place.slice(0, nameStart);
      if (isListed || last?.isListed !== false || last.folder !== folder) {
        if (this.#works.size === FOLDERS_AT_ONCE) return;
        last = { folder, isListed, names: [], late: undefined, failure: undefined };
        this.#works.set(this.#end, last);
      }
      if (isListed) continue;
      last.names.push(place.slice(nameStart));
      files += 1;
    }
  }

  #list(work: WaveFolder): void {
    const { folder, late } = work;
    let listing: WalkListing | EntryFailure | undefined;
    if (late !== undefined) listing = listInShard(() => late, folder, this.#options);
    // The plain way says what the reason is.
    if (listing === undefined || 'code' in listing) {
      listing = listInShard(() => this.#folders.enter(folder), folder, this.#options);
    }
    if ('code' in listing) work.failure = listing;
    else {
      work.names = listing.names;
      this.skippedFolders += listing.skippedFolders;
    }
  }

  /** @returns by path. What is missing is examined in a later wave: a folder may hold any number of files. */
  #examine(works: readonly WaveFolder[]): ReadonlyMap<string, EntryState | EntryFailure> {
    const found = new Map<string, EntryState | EntryFailure>();
    const files: (WantedFile & { readonly path: string })[] = [];
    let examined = 0;
    for (const { folder, names, late } of works) {
      for (const name of names) {
        if (isFolderPath(name)) continue;
        if (examined === FILES_AT_ONCE) break;
        examined += 1;
        const path = folder + name;
        if (late === undefined) found.set(path, examineFile(this.#folders, path, this.#options.root));
        else files.push({ folder: late, name, path });
      }
    }
    const states = this.#late.examine(files);
    for (const [at, { path }] of files.entries()) {
      found.set(path, states[at] ?? examineFile(this.#folders, path, this.#options.root));
    }
    this.entries = examined;
    return found;
  }

  #joined(found: ReadonlyMap<string, EntryState | EntryFailure>): readonly WavePlace[] {
    const joined: WavePlace[] = [];
    for (const [at, place] of this.#places.entries()) {
      const work = this.#works.get(at);
      if (!isPending(place) || at >= this.#end) joined.push(place);
      else if (work?.isListed !== true) {
        const state = found.get(place);
        joined.push(state === undefined ? place : { path: place, found: state });
      } else if (work.failure !== undefined) {
        joined.push({ path: place.slice(0, -1), found: work.failure });
      } else {
        for (const name of work.names) {
          const path = place + name;
          const state = found.get(path);
          joined.push(state === undefined ? path : { path, found: state });
        }
      }
    }
    return joined;
  }
}
