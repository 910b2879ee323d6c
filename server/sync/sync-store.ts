import { isDigest, parseDocument } from '../domain/document.js';
import type { LibraryId, UserId } from '../domain/ids.js';
import type { Document } from '../domain/document.js';
import type { ProgressPush, ProgressWithArrival } from './progress.js';
import { deviceKey } from '../device/device.js';
import type { DigestHolder } from '../book/catalogued-document.js';
import { cataloguedDocuments, holdersOfDocuments } from '../book/digest-repository.js';
import { hasLinks } from '../book/document-link-repository.js';
import { readLibraryAccess } from '../library/library-reader-repository.js';
import { FingerprintTable } from './fingerprint-table.js';
import { HistoryWriter, type HistoryWriterOptions } from './history-writer.js';
import { progressKeyText } from './progress-key.js';
import { DocumentAppearedError, savePushes } from './progress-repository.js';
import { DEFAULT_CONNECTIONS, type SqlDialect, type Store } from '../database/store.js';
import { isBetterInParts, isRetryable, isStatementRefused } from '../database/database-error.js';
import { isDatabaseAway } from '../database/database-fault.js';
import { readCacheMark } from '../changes/cache-mark-repository.js';
import { ChangeMarks } from '../changes/change-marks.js';
import { DeviceLastSeen } from '../device/device-last-seen.js';
import { EquivalentDocuments, isKnownBy } from './equivalent-documents.js';
import { isVisibleIn, type LibraryAccess } from '../library/library-visibility.js';
import { newestProgressOfPulls, type ProgressPull, pullSize, pullText } from './newest-progress.js';
import { MarkWatch } from '../batching/mark-watch.js';
import { KEYS_PER_READ, PullQueue, WAITING_KEYS } from '../batching/pull-queue.js';
import { type BatchRow, PushQueue } from '../batching/push-queue.js';
import { Retention, type RetentionBounds, type RetentionOptions } from './retention.js';
import { ReadThroughCache } from '../batching/read-through-cache.js';
import { StatementsAtOnce } from '../batching/statements-at-once.js';
import { type UnmatchedBounds, UnmatchedWriter } from './unmatched-writer.js';
import { WaitingShares } from '../batching/waiting-shares.js';
import { SyncError } from '../domain/sync-error.js';
import type { Actor } from '../domain/actor.js';
import { DogearError } from '../domain/dogear-error.js';
import type { Claim } from './claims.js';
import { linkDocument } from './link-document.js';
import { type ClaimedBook, matchClaims } from './match-claims.js';

/**
 * Pushes of one commit. MySQL: a statement of 500 rows takes about 10 ms and 150 kB, and more rows gain nothing. SQLite
 * has one writer, so a commit must be short for the next one to begin soon.
 */
const ROWS_PER_COMMIT = { mysql: 500, sqlite: 256 } as const;
/** With two commits one batch is written while the other waits for the disk. */
const USUALLY_AT_ONCE = 2;
/** More statements gain only where the database reads pages from its disk first. */
const MOST_COMMITS = 4;
const MOST_READS = 5;
/** Default bound of waiting pushes, about 1 kB each. A loaded machine commits them in 200 ms, far before a deadline. */
const WAITING_PUSHES = 8192;
/** Cached documents, up to a kilobyte each: those that users are reading at the moment. */
const CACHED_DOCUMENTS = 50_000;
/**
 * How long it is cached which libraries have a digest: a device pushes the book that it shows every few minutes. A stale
 * entry does no harm. A book keeps every digest that it ever had; it disappears only with its whole library, and
 * `#access` shows that within seconds. And an entry is only used to accept a push, never to reject one.
 */
const LIBRARIES_TTL_MS = 10 * 60_000;
const ACCESS = 'access';
const LINKS = 'links';

/** The share of a queue that one user may fill. Eight users must work together to fill it. */
const SHARE_OF_USER = 1 / 8;
/** Whatever the bound of the queue is: a reader that was offline for weeks sends 200 pushes at once. */
const SMALLEST_SHARE = 256;

export interface SyncStoreOptions {
  /** Most connections of the store. Ignored for SQLite. Default: ten. */
  readonly connections?: number;
  /** Pushes that may wait; beyond it a push is rejected at once. */
  readonly waitingPushes?: number;
  /** For metrics: called after each commit. */
  readonly onCommit?: (rows: number, durationMs: number) => void;
  /** For metrics: called after each read with the number of distinct documents that were looked up. */
  readonly onRead?: (keys: number, durationMs: number) => void;
  readonly bounds?: RetentionBounds;
  /** Whether pushes are kept as a history of progress. Default: no. */
  readonly history?: HistoryWriterOptions | undefined;
  /** Which refused pushes are kept, so that people see what their devices sync in vain. Default: none. */
  readonly unmatched?: UnmatchedBounds | undefined;
  readonly onUnmatchedError?: (error: unknown) => void;
  /** Whether what readers say about documents (file name, title, authors) is stored. Default: yes. */
  readonly keepsMetadata?: boolean;
  readonly onForgotten?: RetentionOptions['onForgotten'];
  readonly onRetentionError?: RetentionOptions['onError'];
}

/**
 * Where pushes and pulls meet the database: their queues, and caches of what the catalogue says about their documents.
 * Each thread that answers requests has its own.
 */
export class SyncStore {
  readonly pushes: PushQueue<ProgressPush>;
  readonly pulls: PullQueue<ProgressPull, ProgressWithArrival>;
  readonly devices = new DeviceLastSeen();
  readonly retention: Retention;
  readonly history: HistoryWriter | undefined;
  readonly unmatched: UnmatchedWriter | undefined;
  /** Tells pages that stay open of pushes. */
  readonly changes: ChangeMarks;
  readonly #store: Store;
  readonly #keepsMetadata: boolean;
  /** Look-ups of documents that are not cached. They wait in one queue before the pull or the push does. */
  readonly #lookUps = new WaitingShares(WAITING_KEYS * SHARE_OF_USER);
  readonly #lastDevices = new FingerprintTable();
  readonly #metadata = new FingerprintTable();
  readonly #documents: ReadThroughCache<EquivalentDocuments>;
  readonly #libraries: ReadThroughCache<KnownHolders>;
  readonly #access: ReadThroughCache<LibraryAccess>;
  readonly #links: ReadThroughCache<{ readonly hasAny: boolean }>;

  constructor(store: Store, options: SyncStoreOptions = {}) {
    const { dialect } = store;
    this.#store = store;
    this.changes = new ChangeMarks(store);
    const { onForgotten, onRetentionError: onError } = options;
    this.retention = new Retention(store, options.bounds, {
      ...(onForgotten === undefined ? {} : { onForgotten }),
      ...(onError === undefined ? {} : { onError }),
    });
    const { history } = options;
    this.history =
      history === undefined
        ? undefined
        : new HistoryWriter(store, {
            ...history,
            onWritten: (entries) => {
              history.onWritten?.(entries);
              this.retention.noteHistory(entries);
              // Once more: what a page has read after the push lacks these entries.
              this.changes.note(
                'progress',
                entries.map(({ userId }) => userId),
              );
            },
          });
    this.#keepsMetadata = options.keepsMetadata ?? true;
    const { unmatched, onUnmatchedError } = options;
    this.unmatched =
      unmatched === undefined
        ? undefined
        : new UnmatchedWriter(store, {
            ...unmatched,
            keepsMetadata: this.#keepsMetadata,
            onWritten: (users) => this.changes.note('progress', users),
            ...(onUnmatchedError === undefined ? {} : { onError: onUnmatchedError }),
          });
    const waitingPushes = options.waitingPushes ?? WAITING_PUSHES;
    const atOnce = statementsAtOnce(dialect, options.connections);
    const commitsAtOnce = new StatementsAtOnce({
      ...atOnce.commits,
      waiting: () => this.pushes.waiting,
    });
    this.pushes = new PushQueue({
      commit: (rows) => commitsAtOnce.run(rows.length, () => this.#commit(rows)),
      // With its length before it, a document and a device key cannot form the text of another pair.
      rowOf: (push) =>
        `${String(push.userId)} ${String(push.document.length)} ${push.document}${deviceKey(push.device)}`,
      orderOf: progressKeyText,
      ownerOf: ({ userId }) => userId,
      compare: comparePushes,
      isRetryable: (error) => error instanceof DocumentAppearedError || isRetryable(error),
      isDatabaseAway,
      isBetterInParts,
      isStatementRefused,
      rowsPerCommit: ROWS_PER_COMMIT[dialect],
      get commitsAtOnce() {
        return commitsAtOnce.allowed;
      },
      waitingPushes,
      waitingPerOwner: Math.max(waitingPushes * SHARE_OF_USER, SMALLEST_SHARE),
      ...(options.onCommit === undefined ? {} : { onCommit: options.onCommit }),
    });
    const readsAtOnce = new StatementsAtOnce({
      ...atOnce.reads,
      waiting: () => this.pulls.waiting,
    });
    this.pulls = new PullQueue({
      read: (pulls) =>
        readsAtOnce.run(pulls.length, () => newestProgressOfPulls(store, pulls, options.onRead)),
      textOf: pullText,
      sizeOf: pullSize,
      ownerOf: ({ userId }) => userId,
      isRetryable,
      keysPerRead: KEYS_PER_READ,
      get readsAtOnce() {
        return readsAtOnce.allowed;
      },
      waitingKeys: WAITING_KEYS,
      waitingPerOwner: WAITING_KEYS * SHARE_OF_USER,
    });
    this.#documents = new ReadThroughCache({
      read: (documents) => equivalentsOf(store, documents),
      entries: CACHED_DOCUMENTS,
      watch: new MarkWatch(() => readCacheMark(store, 'catalogue')),
    });
    this.#libraries = new ReadThroughCache({
      read: (documents) => knownHoldersOf(store, documents),
      entries: CACHED_DOCUMENTS,
      ttlMs: LIBRARIES_TTL_MS,
    });
    this.#access = new ReadThroughCache({
      read: async () => new Map([[ACCESS, await readLibraryAccess(store)]]),
      entries: 1,
    });
    this.#links = new ReadThroughCache({
      read: async () => new Map([[LINKS, { hasAny: await hasLinks(store) }]]),
      entries: 1,
    });
  }

  /**
   * Whether the document has a book that the user may see: as a digest of now or before, or by a link. A promise only if
   * this is not cached.
   *
   * @param sinceMs arrival of the request, by `performance.now()`; its deadline counts from then. Default: now
   * @throws SyncError `overloaded`, `unavailable`, as a rejection
   */
  isKnown(userId: UserId, document: Document, sinceMs?: number): boolean | Promise<boolean> {
    return this.isCachedAsKnown(userId, document) || this.#readIsKnown(userId, document, sinceMs);
  }

  /** Whether it is cached that the document has a book that the user may see. */
  isCachedAsKnown(userId: UserId, document: Document): boolean {
    const access = this.#access.peek(ACCESS);
    if (access === undefined) return false;
    const known = this.#libraries.peek(document);
    if (known !== undefined && isAnyVisible(known.libraries, access, userId)) return true;
    // Links are taken back, so they are not trusted for as long as digests.
    return this.#documents.peek(document)?.isKnownTo(userId, access) === true;
  }

  /**
   * Links a document without a book to the one that the claims of its reader are about, for the actor alone. Does nothing
   * where they are about none, the document has a book, or the actor has too many links or look-ups that wait.
   */
  async claim(actor: Actor, document: Document, claims: readonly Claim[]): Promise<void> {
    const { userId } = actor;
    if (userId === undefined || (await this.isKnown(userId, document))) return;
    const book = await this.#matchClaims(userId, document, claims);
    if (book === undefined) return;
    try {
      await linkDocument(this.#store, actor, { document, bookId: book.id, linkedFor: userId });
    } catch (error) {
      if (error instanceof DogearError) return;
      throw error;
    }
    this.forgetLibraries();
  }

  /** The content of the book that the claims about a document are about. Nothing is stored. */
  async claimedContent(
    userId: UserId,
    document: Document,
    claims: readonly Claim[],
  ): Promise<Document | undefined> {
    return (await this.#matchClaims(userId, document, claims))?.content;
  }

  async #matchClaims(
    userId: UserId,
    document: Document,
    claims: readonly Claim[],
  ): Promise<ClaimedBook | undefined> {
    if (!this.#lookUps.add(userId, 1)) return undefined;
    try {
      return await matchClaims(this.#store, userId, document, claims);
    } finally {
      this.#lookUps.remove(userId, 1);
    }
  }

  /**
   * Other documents that stand for the same book, for this user. A promise only if they are not cached.
   *
   * A document of books that the user may not see costs the same reads as an unknown one, also when it is cached for
   * somebody else: otherwise the time of a pull would tell which books a restricted library has.
   *
   * @param sinceMs as for `isKnown`
   * @throws SyncError `overloaded`, `unavailable`, as a rejection
   */
  equivalentTo(
    userId: UserId,
    document: Document,
    sinceMs?: number,
  ): readonly Document[] | Promise<readonly Document[]> {
    if (!isDigest(document) && this.#links.peek(LINKS)?.hasAny === false) return NONE;
    const access = this.#access.peek(ACCESS);
    const cached = access && this.#documents.peek(document)?.answerFor(userId, access);
    return cached ?? this.#readEquivalents(userId, document, sinceMs);
  }

  /** After a change to libraries, books or links that was made through this server: it takes effect here at once. */
  forgetLibraries(): void {
    this.#documents.invalidateAll();
    this.#libraries.invalidateAll();
    this.#access.invalidateAll();
    this.#links.invalidateAll();
  }

  async #commit(pushes: readonly BatchRow<ProgressPush>[]): Promise<void> {
    const devices = this.devices.devicesToWrite(pushes);
    const traces = await savePushes(this.#store, {
      pushes,
      devices,
      isLastDevice: (push) => this.#lastDevices.has(progressKeyText(push), deviceKey(push.device)),
      keepsMetadata: this.#keepsMetadata,
      isMetadataWritten: (push, metadata) => this.#metadata.has(progressKeyText(push), metadata),
    });
    const created = new Set(traces.created);
    for (const row of pushes) {
      // A row that nobody waited for may have been left out.
      if (!row.isWanted()) continue;
      const { push } = row;
      const key = progressKeyText(push);
      this.#lastDevices.note(key, deviceKey(push.device));
      if (push.metadataJson !== undefined) this.#metadata.note(key, push.metadataJson);
      this.history?.note(key, push, { arrival: traces.arrival, isNew: created.has(push) });
    }
    this.devices.markWritten(devices);
    this.retention.note(traces, devices);
    // In SQLite the commit has marked them.
    if (this.#store.dialect === 'sqlite') return;
    this.changes.note(
      'progress',
      pushes.map(({ push }) => push.userId),
    );
    this.changes.note(
      'devices',
      devices.map(({ userId }) => userId),
    );
  }

  async #readIsKnown(userId: UserId, document: Document, sinceMs?: number): Promise<boolean> {
    if (!this.#lookUps.add(userId, 1)) {
      throw new SyncError('overloaded', 'Too many requests of this user are waiting for the database.');
    }
    try {
      if (!isDigest(document) && !(await this.#mayBeLinked(sinceMs))) return false;
      if (this.#access.peek(ACCESS) === undefined) {
        await this.#access.get(ACCESS, sinceMs);
        if (this.isCachedAsKnown(userId, document)) return true;
      }
      const known = await this.#libraries.readFresh(document, sinceMs);
      if (known === undefined) return false;
      const libraries = known.holders.map(({ libraryId }) => libraryId);
      const access = await this.#accessTo(libraries, sinceMs);
      return isKnownBy(known.holders, isVisibleIn(access, userId), userId);
    } finally {
      this.#lookUps.remove(userId, 1);
    }
  }

  async #readEquivalents(userId: UserId, document: Document, sinceMs?: number): Promise<readonly Document[]> {
    if (!(await this.isKnown(userId, document, sinceMs))) return NONE;
    // Without a read where only the access map had to be read again.
    const others = await this.#documents.get(document, sinceMs);
    if (others === undefined) return NONE;
    return others.visibleTo(userId, await this.#accessTo(others.libraries, sinceMs));
  }

  /** Whether a document that is no digest may have a book: most servers have no links, and then it costs no look-up. */
  async #mayBeLinked(sinceMs?: number): Promise<boolean> {
    return (await this.#links.get(LINKS, sinceMs))?.hasAny ?? true;
  }

  /** The cached access map, or a fresh one if a library is not in it: the library may have been added since. */
  async #accessTo(libraries: Iterable<LibraryId>, sinceMs?: number): Promise<LibraryAccess> {
    const access = await this.#access.get(ACCESS, sinceMs);
    if (access !== undefined && isComplete(access, libraries)) return access;
    return (await this.#access.readFresh(ACCESS, sinceMs)) ?? new Map();
  }
}

const NONE: readonly Document[] = [];

interface AtOnce {
  readonly least: number;
  readonly most: number;
}

/**
 * How many commits and reads may be under way. All together leave a connection for look-ups, which otherwise wait behind them;
 * with one or two connections nothing can.
 */
export function statementsAtOnce(
  dialect: SqlDialect,
  connections: number = DEFAULT_CONNECTIONS,
): { readonly commits: AtOnce; readonly reads: AtOnce } {
  const bounds = (most: number): AtOnce => ({ least: Math.min(USUALLY_AT_ONCE, most), most });
  if (dialect === 'sqlite') return { commits: bounds(1), reads: bounds(1) };
  const free = Math.min(connections - 1, MOST_COMMITS + MOST_READS);
  const commits = Math.max(1, Math.round((free * MOST_COMMITS) / (MOST_COMMITS + MOST_READS)));
  return { commits: bounds(commits), reads: bounds(Math.max(1, free - commits)) };
}

/** The books of a document, and the libraries of those that have or had it as a digest. */
interface KnownHolders {
  readonly holders: readonly DigestHolder[];
  readonly libraries: ReadonlySet<LibraryId>;
}

async function knownHoldersOf(
  store: Store,
  documents: readonly string[],
): Promise<ReadonlyMap<string, KnownHolders>> {
  const known = await holdersOfDocuments(store, documents.flatMap(toDocument));
  return new Map(
    [...known].map(([document, holders]) => {
      const withDigest = holders.filter(({ linkedFor }) => linkedFor === undefined);
      return [document, { holders, libraries: new Set(withDigest.map(({ libraryId }) => libraryId)) }];
    }),
  );
}

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
  const known = await cataloguedDocuments(store, documents.flatMap(toDocument));
  return new Map([...known].map(([document, each]) => [document, new EquivalentDocuments(each)]));
}

/** Nearly the order of the primary key. What matters is that every server sorts in the same order. */
function comparePushes(left: ProgressPush, right: ProgressPush): number {
  if (left.userId !== right.userId) return left.userId - right.userId;
  return left.document < right.document ? -1 : 1;
}

function toDocument(text: string): readonly Document[] {
  const document = parseDocument(text);
  return document === undefined ? [] : [document];
}
