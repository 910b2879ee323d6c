import { WaitingShares } from '../batching/waiting-shares.js';
import { isDatabaseAway } from '../database/database-fault.js';
import type { Store } from '../database/store.js';
import { retrying } from '../database/transaction.js';
import { withDeadline } from '../domain/deadline.js';
import type { UserId } from '../domain/ids.js';
import { readLibraryAccess } from '../library/library-reader-repository.js';
import { withBook } from './equivalent-documents.js';
import { progressKeyText } from './progress-key.js';
import type { ProgressPush } from './progress.js';
import type { UnmatchedDocument } from './unmatched-document.js';
import {
  countUnmatched,
  deleteOldestUnmatched,
  forgetOldestUnmatched,
  saveUnmatched,
} from './unmatched-repository.js';

/** A refused push is in the list after this time, and a moment for the writing. */
const WAIT_MS = 1000;
/**
 * After a batch the writer pauses for so many times its duration, so that a flood of unknown documents takes a
 * twentieth of a connection's time, or of SQLite's writer, and the pushes of others wait as little as for the history
 * (history-writer.ts).
 */
const PAUSE_FACTOR = 19;
const LONGEST_PAUSE_MS = 10_000;
/** Documents that wait, about a kilobyte each, at most 20. Further ones are left out until they are pushed again. */
const WAITING_DOCUMENTS = 1000;
/** Of one user: a reader that was offline for weeks sends 200 pushes at once. */
const WAITING_PER_USER = 250;
/** How long a stopping server waits until everything is written. */
const CLOSE_MS = 1000;
/** The documents of all users are counted when so large a part of the bound has been written. */
const COUNT_STEP = 1 / 20;

/** Documents whose pushes are not looked at again for a while, because they have a book. Some 100 bytes each. */
const KNOWN_DOCUMENTS = 20_000;
const KNOWN_MS = 10 * 60_000;

export interface UnmatchedBounds {
  readonly perUser: number;
  readonly inAll: number;
}

export interface UnmatchedWriterOptions extends UnmatchedBounds {
  /** Whether what readers say about documents is kept. */
  readonly keepsMetadata: boolean;
  readonly onWritten?: (users: ReadonlySet<UserId>) => void;
  /** The documents of a batch were not written, or old ones not deleted. */
  readonly onError?: (error: unknown) => void;
}

/** Of a push that was stored, it is not known yet whether its document has a book. */
interface WaitingDocument extends UnmatchedDocument {
  readonly mayHaveBook: boolean;
}

/**
 * Keeps the last push of each document that no book has, so that people can see why a device does not sync. A push
 * only changes memory; a second later the documents are written together, however often each was pushed. A crash loses
 * what was not written yet, which the next push of the document brings back.
 *
 * Past the bounds the oldest are forgotten, those of a user first.
 */
export class UnmatchedWriter {
  readonly #store: Store;
  readonly #options: UnmatchedWriterOptions;
  #waiting = new Map<string, WaitingDocument>();
  /** By user and document. */
  readonly #known = new Set<string>();
  #knownSinceMs = -Infinity;
  #shares = new WaitingShares(WAITING_PER_USER);
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #isClosed = false;
  /** Since the documents of all users were counted. They are counted when a server has begun. */
  #written = Infinity;

  constructor(store: Store, options: UnmatchedWriterOptions) {
    this.#store = store;
    this.#options = options;
  }

  /** Takes note of a push that was refused because no book that the user may see has its document. */
  note(push: ProgressPush): void {
    this.#note(push, false);
  }

  /** Takes note of a push that was stored whether a book has its document or not. */
  noteStored(push: ProgressPush): void {
    this.#note(push, true);
  }

  #note(push: ProgressPush, mayHaveBook: boolean): void {
    const { userId, document, position, percentage, device, metadataJson, pushedMs } = push;
    const key = progressKeyText({ userId, document });
    if (mayHaveBook && this.#known.has(key)) return;
    const before = this.#waiting.get(key);
    if (before === undefined && !this.#hasRoomFor(userId)) return;
    this.#waiting.set(key, {
      userId,
      document,
      firstSeenMs: before?.firstSeenMs ?? pushedMs,
      lastSeenMs: pushedMs,
      pushes: (before?.pushes ?? 0) + 1,
      percentage,
      position,
      device,
      mayHaveBook: mayHaveBook && before?.mayHaveBook !== false,
      metadataJson: this.#options.keepsMetadata ? (metadataJson ?? before?.metadataJson) : undefined,
    });
    if (this.#running === undefined) this.#startIn(WAIT_MS);
  }

  /** Writes what waits at this moment. */
  async flush(): Promise<void> {
    await this.#running;
    this.#start();
    await this.#running;
  }

  /** Writes everything that waits, for at most a second. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await withDeadline(this.flush(), CLOSE_MS, () => undefined);
    clearTimeout(this.#timer);
  }

  #hasRoomFor(userId: UserId): boolean {
    return !this.#isClosed && this.#waiting.size < WAITING_DOCUMENTS && this.#shares.add(userId, 1);
  }

  #startIn(waitMs: number): void {
    this.#timer ??= setTimeout(() => this.#start(), waitMs).unref();
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#running !== undefined || this.#waiting.size === 0) return;
    const startedMs = performance.now();
    this.#running = this.#write().finally(() => {
      this.#running = undefined;
      const pauseMs = Math.min((performance.now() - startedMs) * PAUSE_FACTOR, LONGEST_PAUSE_MS);
      if (this.#waiting.size > 0 && !this.#isClosed) this.#startIn(Math.max(WAIT_MS, pauseMs));
    });
  }

  /** Never rejects. */
  async #write(): Promise<void> {
    const batch = this.#waiting;
    this.#waiting = new Map();
    this.#shares = new WaitingShares(WAITING_PER_USER);
    try {
      const documents = (await this.#withoutBook([...batch.values()])).toSorted(compareKeys);
      if (documents.length === 0) return;
      const users = new Set(documents.map(({ userId }) => userId));
      await retrying(() => saveUnmatched(this.#store, documents));
      this.#options.onWritten?.(users);
      await this.#forgetOldest(users, documents.length);
    } catch (error) {
      // An absent database is reported by fault-log.ts.
      if (!isDatabaseAway(error)) this.#options.onError?.(error);
    }
  }

  async #withoutBook(documents: readonly WaitingDocument[]): Promise<readonly WaitingDocument[]> {
    const unsure = documents.filter(({ mayHaveBook }) => mayHaveBook);
    if (unsure.length === 0) return documents;
    const known = await retrying(async () =>
      withBook(this.#store, await readLibraryAccess(this.#store), unsure),
    );
    const nowMs = performance.now();
    if (nowMs - this.#knownSinceMs > KNOWN_MS || this.#known.size + known.length > KNOWN_DOCUMENTS) {
      this.#known.clear();
      this.#knownSinceMs = nowMs;
    }
    for (const each of known) this.#known.add(progressKeyText(each));
    const dropped = new Set(known);
    return documents.filter((each) => !dropped.has(each));
  }

  async #forgetOldest(users: ReadonlySet<UserId>, written: number): Promise<void> {
    const { perUser, inAll } = this.#options;
    for (const userId of users) await forgetOldestUnmatched(this.#store, userId, perUser);
    this.#written += written;
    if (this.#written < inAll * COUNT_STEP) return;
    let excess = (await countUnmatched(this.#store)) - inAll;
    while (excess > 0) {
      const deleted = await deleteOldestUnmatched(this.#store, excess);
      // Another server deletes them too.
      if (deleted === 0) break;
      excess -= deleted;
    }
    this.#written = 0;
  }
}

/** Nearly the order of the key. What matters is that every server writes in the same order. */
function compareKeys(left: UnmatchedDocument, right: UnmatchedDocument): number {
  if (left.userId !== right.userId) return left.userId - right.userId;
  return left.document < right.document ? -1 : 1;
}
