import { digestOfDocument, isDigest, parseDocument } from '../domain/document.js';
import type { LibraryId, UserId } from '../domain/ids.js';
import type { Document } from '../domain/document.js';
import type { ProgressPush, ProgressWithArrival } from './progress.js';
import { deviceKey } from '../device/device.js';
import { cataloguedDocuments, librariesOfDigests } from '../book/digest-repository.js';
import { readLibraryAccess } from '../library/library-reader-repository.js';
import { progressKeyText, savePushes } from './progress-repository.js';
import type { Store } from '../database/store.js';
import { isRetryable, isRowLocked, isStatementRefused } from '../database/database-error.js';
import { DeviceLastSeen } from '../device/device-last-seen.js';
import { EquivalentDocuments } from './equivalent-documents.js';
import { isVisibleIn, type LibraryAccess } from '../library/library-visibility.js';
import { newestProgressOfPulls, type ProgressPull, pullSize, pullText } from './newest-progress.js';
import { PullQueue } from '../batching/pull-queue.js';
import { PushQueue } from '../batching/push-queue.js';
import { ReadThroughCache } from '../batching/read-through-cache.js';

/**
 * A statement of 500 rows takes some 10 ms and 150 kB, and more rows gain nothing. SQLite works in the thread that
 * answers requests, so a commit there must be short.
 */
const ROWS_PER_COMMIT = { mysql: 500, sqlite: 256 } as const;
/** While one batch waits for the disk, another one is being written; a third gains nothing (measured). */
const COMMITS_AT_ONCE = { mysql: 2, sqlite: 1 } as const;
const KEYS_PER_READ = 256;
const READS_AT_ONCE = { mysql: 2, sqlite: 1 } as const;
/** Some 200 ms of a loaded machine's work, far within a reader's patience; at about 1 kB each. */
export const WAITING_PUSHES = 8192;
const WAITING_KEYS = 8192;
/** Documents that are being read at the moment, at a kilobyte or less each. */
const CACHED_DOCUMENTS = 50_000;
/**
 * How long it is remembered which libraries have a digest: a device pushes the book it shows every few minutes. A book
 * keeps every digest that it had and leaves its library only with that, whose end is known from `#access` within
 * seconds; and what is remembered never refuses a push.
 */
const LIBRARIES_TTL_MS = 10 * 60_000;
const ACCESS = 'access';

/** What is waiting and how it goes, for metrics; and the bound that is a setting. */
export interface SyncStoreOptions {
  /** Pushes that may wait; past that they are refused at once. */
  readonly waitingPushes?: number;
  readonly onCommit?: (rows: number, durationMs: number) => void;
  /** Documents that were looked up, each counted once. */
  readonly onRead?: (keys: number, durationMs: number) => void;
}

/** The way of pushes and pulls to the database: one for each thread that answers requests. */
export class SyncStore {
  readonly pushes: PushQueue<ProgressPush>;
  readonly pulls: PullQueue<ProgressPull, ProgressWithArrival>;
  readonly devices = new DeviceLastSeen();
  readonly #documents: ReadThroughCache<EquivalentDocuments>;
  readonly #libraries: ReadThroughCache<ReadonlySet<LibraryId>>;
  readonly #access: ReadThroughCache<LibraryAccess>;

  constructor(store: Store, options: SyncStoreOptions = {}) {
    const { dialect } = store;
    this.pushes = new PushQueue({
      commit: async (rows) => {
        const devices = this.devices.devicesToWrite(rows);
        await savePushes(store, rows, devices);
        this.devices.markWritten(devices);
      },
      // The length keeps a document from running into the device.
      rowOf: (push) =>
        `${String(push.userId)} ${String(push.document.length)} ${push.document}${deviceKey(push.device)}`,
      orderOf: progressKeyText,
      compare: comparePushes,
      isRetryable,
      isRowLocked,
      isStatementRefused,
      rowsPerCommit: ROWS_PER_COMMIT[dialect],
      commitsAtOnce: COMMITS_AT_ONCE[dialect],
      waitingPushes: options.waitingPushes ?? WAITING_PUSHES,
      ...(options.onCommit === undefined ? {} : { onCommit: options.onCommit }),
    });
    this.pulls = new PullQueue({
      read: (pulls) => newestProgressOfPulls(store, pulls, options.onRead),
      textOf: pullText,
      sizeOf: pullSize,
      isRetryable,
      keysPerRead: KEYS_PER_READ,
      readsAtOnce: READS_AT_ONCE[dialect],
      waitingKeys: WAITING_KEYS,
    });
    this.#documents = new ReadThroughCache({
      read: (documents) => equivalentsOf(store, documents),
      entries: CACHED_DOCUMENTS,
    });
    this.#libraries = new ReadThroughCache({
      read: (documents) => librariesOfDigests(store, documents.flatMap(toDigest)),
      entries: CACHED_DOCUMENTS,
      ttlMs: LIBRARIES_TTL_MS,
    });
    this.#access = new ReadThroughCache({
      read: async () => new Map([[ACCESS, await readLibraryAccess(store)]]),
      entries: 1,
    });
  }

  /** Whether the document is, or was, a digest of a book that the user may see. */
  isKnown(userId: UserId, document: Document): boolean | Promise<boolean> {
    if (!isDigest(document)) return false;
    const libraries = this.#libraries.peek(document);
    const access = this.#access.peek(ACCESS);
    const isRemembered =
      libraries !== undefined && access !== undefined && isAnyVisible(libraries, access, userId);
    return isRemembered || this.#isKnownAnew(userId, document);
  }

  /** Other documents that stand for the same book to this user. */
  equivalentTo(userId: UserId, document: Document): readonly Document[] | Promise<readonly Document[]> {
    if (!isDigest(document)) return NONE;
    const others = this.#documents.peek(document);
    const access = this.#access.peek(ACCESS);
    if (others !== undefined && access !== undefined && others.isCoveredBy(access)) {
      return others.seenBy(userId, access);
    }
    return this.#sameBookRead(userId, document);
  }

  /** After a change to libraries or books made through this server, which need not wait. */
  forgetLibraries(): void {
    this.#documents.invalidateAll();
    this.#libraries.invalidateAll();
    this.#access.invalidateAll();
  }

  async #isKnownAnew(userId: UserId, document: Document): Promise<boolean> {
    const [libraries] = await Promise.all([this.#libraries.readFresh(document), this.#access.get(ACCESS)]);
    if (libraries === undefined) return false;
    return isAnyVisible(libraries, await this.#accessTo(libraries), userId);
  }

  async #sameBookRead(userId: UserId, document: Document): Promise<readonly Document[]> {
    const [others] = await Promise.all([this.#documents.get(document), this.#access.get(ACCESS)]);
    return others === undefined ? NONE : others.seenBy(userId, await this.#accessTo(others.libraries));
  }

  /** A library that is not in what is remembered may just have been added. */
  async #accessTo(libraries: Iterable<LibraryId>): Promise<LibraryAccess> {
    const access = await this.#access.get(ACCESS);
    if (access !== undefined && isComplete(access, libraries)) return access;
    return (await this.#access.readFresh(ACCESS)) ?? new Map();
  }
}

const NONE: readonly Document[] = [];

function isAnyVisible(libraries: ReadonlySet<LibraryId>, access: LibraryAccess, userId: UserId): boolean {
  const isVisible = isVisibleIn(access, userId);
  for (const library of libraries) if (isVisible(library)) return true;
  return false;
}

function isComplete(access: LibraryAccess, libraries: Iterable<LibraryId>): boolean {
  for (const library of libraries) if (!access.has(library)) return false;
  return true;
}

async function equivalentsOf(
  store: Store,
  documents: readonly string[],
): Promise<ReadonlyMap<string, EquivalentDocuments>> {
  const known = await cataloguedDocuments(store, documents.flatMap(toDigest));
  return new Map([...known].map(([document, each]) => [document, new EquivalentDocuments(each)]));
}

/** The order of the primary key, near enough: the same on every server is what matters. */
function comparePushes(left: ProgressPush, right: ProgressPush): number {
  if (left.userId !== right.userId) return left.userId - right.userId;
  if (left.document !== right.document) return left.document < right.document ? -1 : 1;
  return deviceKey(left.device) < deviceKey(right.device) ? -1 : 1;
}

function toDigest(text: string): readonly Buffer[] {
  const document = parseDocument(text);
  const digest = document === undefined ? undefined : digestOfDocument(document);
  return digest === undefined ? [] : [digest];
}
