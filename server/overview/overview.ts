import type { Engine } from '../../engine/index.js';
import type { BookCounts } from '../book/book-repository.js';
import { countBooks } from '../book/library-details.js';
import { readDatabaseNowMs } from '../database/database-clock.js';
import type { Store } from '../database/store.js';
import type { Actor } from '../domain/actor.js';
import type { LibraryId } from '../domain/ids.js';
import type { SharedCount } from '../domain/shared-count.js';
import type { Library } from '../library/library.js';
import { libraryRevisions, visibleLibraries } from '../library/library-repository.js';
import { libraryVisibilityOf } from '../library/library-visibility.js';
import { isAbandoned } from '../scan/get-scan.js';
import type { ScanRecord } from '../scan/scan.js';
import { newestEndedScans, runningScans } from '../scan/scan-repository.js';
import { RootChecks } from './root-checks.js';

export interface LibraryOverview {
  readonly library: Library;
  readonly books: BookCounts;
  readonly isScanning: boolean;
  /** The newest scan that has ended; `undefined` also for actors who may not see scans. */
  readonly lastScan: ScanRecord | undefined;
  readonly isNeverScanned: boolean;
  /** For people; only for actors who may see the roots of libraries. */
  readonly rootProblem: string | undefined;
}

/** Something about a library that somebody should look at. */
export interface NeedsLook {
  readonly kind: 'root' | 'scan-failed' | 'never-scanned' | 'failed-files' | 'missing-books' | 'no-hashes';
  readonly libraryId: LibraryId;
  /** Books that it is about. */
  readonly count: number;
  /** Why, for people. */
  readonly says: string | undefined;
}

export interface OverviewState {
  /** Ordered by name. */
  readonly libraries: readonly LibraryOverview[];
  /** What keeps most books from syncing comes first. */
  readonly needsLook: readonly NeedsLook[];
}

/** Counts are exact as long as the revision of their library stays, but for changes by servers of older versions. */
const COUNTS_VALID_MS = 60_000;
/** While a library is scanned its books change all the time. */
const COUNTS_VALID_IN_SCAN_MS = 5000;
/** More than there are libraries. */
const REMEMBERED_COUNTS = 1000;

interface Counted {
  readonly revision: number;
  readonly beganMs: number;
  readonly counts: Promise<BookCounts>;
}

/** What there is, and what needs a look. Remembers for a while what is expensive to find out. */
export class Overview {
  readonly #store: Store;
  readonly #roots: RootChecks;
  readonly #counted = new Map<LibraryId, Counted>();

  /** @param parts `rootLooks`: those of the process, in all its threads */
  constructor(parts: { readonly store: Store; readonly engine: Engine; readonly rootLooks: SharedCount }) {
    this.#store = parts.store;
    this.#roots = new RootChecks(parts.engine, parts.rootLooks);
  }

  /** Of the libraries that the actor may see. What it costs depends on these alone. */
  async of(actor: Actor): Promise<OverviewState> {
    const store = this.#store;
    const visibility = libraryVisibilityOf(actor);
    const revisions = await libraryRevisions(store, visibility);
    const libraries = await visibleLibraries(store, visibility);
    const ids = libraries.map(({ id }) => id);
    const nowMs = await readDatabaseNowMs(store);
    const running = new Set(
      (await runningScans(store))
        .filter(({ record }) => !isAbandoned(record, nowMs))
        .map(({ record }) => record.libraryId),
    );
    const ended = new Map((await newestEndedScans(store, ids)).map((scan) => [scan.libraryId, scan]));
    const seesRoots = actor.permissions.has('library:manage') || actor.permissions.has('library:scan');
    const shown = await Promise.all(
      libraries.map(async (library): Promise<LibraryOverview> => {
        const { id } = library;
        const isScanning = running.has(id);
        return {
          library,
          books: await this.#counts(id, revisions.get(id) ?? 0, isScanning),
          isScanning,
          lastScan: seesRoots ? ended.get(id) : undefined,
          isNeverScanned: !isScanning && !ended.has(id),
          rootProblem: seesRoots ? await this.#roots.problemOf(library) : undefined,
        };
      }),
    );
    const byName = shown.toSorted((left, right) => (left.library.name < right.library.name ? -1 : 1));
    return { libraries: byName, needsLook: byName.flatMap(looksOf).toSorted(byKind) };
  }

  async #counts(id: LibraryId, revision: number, isScanning: boolean): Promise<BookCounts> {
    const known = this.#counted.get(id);
    const validMs = isScanning ? COUNTS_VALID_IN_SCAN_MS : COUNTS_VALID_MS;
    if (known?.revision === revision && performance.now() - known.beganMs < validMs) return known.counts;
    const counted = { revision, beganMs: performance.now(), counts: countBooks(this.#store, id) };
    this.#counted.delete(id);
    this.#counted.set(id, counted);
    const [oldest] = this.#counted.keys();
    if (this.#counted.size > REMEMBERED_COUNTS && oldest !== undefined) this.#counted.delete(oldest);
    try {
      return await counted.counts;
    } catch (error) {
      if (this.#counted.get(id) === counted) this.#counted.delete(id);
      throw error;
    }
  }
}

const KINDS: readonly NeedsLook['kind'][] = [
  'root',
  'scan-failed',
  'never-scanned',
  'failed-files',
  'no-hashes',
  'missing-books',
];

function byKind(left: NeedsLook, right: NeedsLook): number {
  return KINDS.indexOf(left.kind) - KINDS.indexOf(right.kind) || right.count - left.count;
}

function looksOf({
  library,
  books,
  lastScan,
  isNeverScanned,
  rootProblem,
}: LibraryOverview): readonly NeedsLook[] {
  const present = books.books - books.missing;
  const looks: NeedsLook[] = [];
  const add = (kind: NeedsLook['kind'], count: number, says?: string): void =>
    void looks.push({ kind, libraryId: library.id, count, says });
  if (rootProblem !== undefined) add('root', present, rootProblem);
  if (lastScan?.state.state === 'failed') add('scan-failed', present, lastScan.state.error);
  if (isNeverScanned) add('never-scanned', 0);
  if (books.failed > 0) add('failed-files', books.failed);
  if (!library.koreaderHashes && present > 0) add('no-hashes', present - books.ready);
  if (books.missing > 0) add('missing-books', books.missing);
  return looks;
}
