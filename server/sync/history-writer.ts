import { WaitingShares } from '../batching/waiting-shares.js';
import { isConflict, isStatementRefused } from '../database/database-error.js';
import { databaseFault, isDatabaseAway } from '../database/database-fault.js';
import type { Store } from '../database/store.js';
import { inTransaction } from '../database/transaction.js';
import { withDeadline } from '../domain/deadline.js';
import { type HistoryEntry, isKept } from './history.js';
import { KeptPlaces } from './kept-places.js';
import { type ProgressKey, progressKeyText } from './progress-key.js';
import type { ProgressPush } from './progress.js';
import type { PushTraces } from './progress-repository.js';
import {
  deleteHistoryWithoutProgress,
  insertHistory,
  lastEntries,
  type NumberedEntry,
} from './progress-history-repository.js';

/** An entry is written at most this long after its push, and a moment for the writing. */
const WAIT_MS = 4000;
/** Entries of one transaction. More rows gain nothing in MySQL; in SQLite the next commit of pushes waits for it. */
const ROWS_AT_ONCE = { mysql: 500, sqlite: 256 } as const;
/** Memory for entries that wait: some 40,000 of usual size. Beyond it entries are lost. */
const WAITING_BYTES = 16 * 2 ** 20;
/** Of one user: whoever pushes without end loses the own entries, and not those of others. */
const SHARE_BYTES = WAITING_BYTES / 8;
/** Of an entry without its texts. */
const ENTRY_BYTES = 200;
/**
 * After a batch the writer pauses for nineteen times its duration, so that it takes a twentieth of a connection's time, or,
 * with the writers of all other threads of the server, of SQLite's writer. Without pauses, readers who turn pages as fast as a saturated server takes their pushes lost 18 % of their
 * throughput on MariaDB and 37 % on SQLite to their history. With them such a flood loses entries instead.
 */
const PARTS_OF_TIME = 20;
/** A batch that took long must not make the history late for ever. */
const LONGEST_PAUSE_MS = 4000;
/** A deadlock, with a removal for example, is over at once: so often a part of a batch is written again without a pause. */
const CONFLICTS = 3;
/** How long a stopping server waits until everything is written. */
const CLOSE_MS = 2000;
/** A trouble that goes on is reported once in this time. */
const REPORT_EVERY_MS = 60_000;

export interface HistoryWriterOptions {
  /** Of the server: each writes its own history. Default: one. */
  readonly threads?: number;
  /** Entries were written. */
  readonly onWritten?: (entries: readonly NumberedEntry[]) => void;
  /** For metrics: entries were lost. */
  readonly onLost?: (count: number) => void;
  /** At most once a minute, and when the writer closes. */
  readonly onTrouble?: (trouble: HistoryTrouble) => void;
}

export interface HistoryTrouble {
  /** Entries that were lost since the last report. */
  readonly lost: number;
  /** What writing failed with last; `undefined`: entries came faster than the database took them. */
  readonly error: unknown;
}

/**
 * Writes the history of progress behind the commits of pushes: `note` only looks at memory and never waits. What is to
 * be kept is collected and written at most {@link WAIT_MS} later, in transactions of its own, so a crash may lose history,
 * and never a position.
 *
 * Which pushes are worth an entry is decided twice: by what this process has kept last, which spares most pushes any
 * statement, and before the writing by what the database holds, because other threads and servers write too.
 *
 * While the database takes no writes, entries wait, up to {@link WAITING_BYTES}; further ones are lost.
 */
export class HistoryWriter {
  readonly #store: Store;
  readonly #options: HistoryWriterOptions;
  readonly #rowsAtOnce: number;
  readonly #pauseFactor: number;
  /** Entries of the next batch: fewer after a batch that took too long. */
  #rows: number;
  readonly #places = new KeptPlaces();
  #waiting: HistoryEntry[] = [];
  #waitingBytes = 0;
  readonly #shares = new WaitingShares(SHARE_BYTES);
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  /** The last attempt failed because of the database as a whole: the timer makes the next one. */
  #isAway = false;
  /** By `performance.now()`: the next batch is not written before. */
  #notBeforeMs = 0;
  #isHurried = false;
  #endPause: (() => void) | undefined;
  #isClosed = false;
  #lost = 0;
  #error: unknown;
  #reportedMs = -Infinity;

  constructor(store: Store, options: HistoryWriterOptions = {}) {
    this.#store = store;
    this.#options = options;
    this.#rowsAtOnce = ROWS_AT_ONCE[store.dialect];
    this.#rows = this.#rowsAtOnce;
    // The threads of a server share the one writer of SQLite. Each has connections of its own to MySQL.
    const sharing = store.dialect === 'sqlite' ? (options.threads ?? 1) : 1;
    this.#pauseFactor = PARTS_OF_TIME * sharing - 1;
  }

  /** Entries that are not written yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Takes note of a push that was committed.
   *
   * @param key `progressKeyText` of the push
   * @param commit `arrival` as in `PushTraces`; whether the user had no progress in the document
   */
  note(
    key: string,
    push: ProgressPush,
    { arrival, isNew }: Pick<PushTraces, 'arrival'> & { readonly isNew: boolean },
  ): void {
    // What is remembered of a document does not count if it has been forgotten since.
    if (!isNew && !this.#places.isKept(key, push)) return;
    const bytes = memoryOf(push);
    const isFull = this.#isClosed || arrival === undefined || this.#waitingBytes + bytes > WAITING_BYTES;
    if (isFull || !this.#shares.add(push.userId, bytes)) {
      // Not remembered, so that the next push of the document has a chance.
      this.#lose(1);
      return;
    }
    const { userId, document, pushedMs, percentage, position, device } = push;
    this.#places.note(key, push);
    this.#waitingBytes += bytes;
    // Not the push itself, which holds the metadata too.
    this.#waiting.push({ userId, document, arrival, pushedMs, percentage, position, device });
    if (this.#waiting.length >= this.#rowsAtOnce && !this.#isAway) this.#start();
    else this.#startLater();
  }

  /** Writes everything that waits, without pauses and without waiting for more. */
  async flush(): Promise<void> {
    this.#isHurried = true;
    this.#endPause?.();
    // A run that is under way leaves what is no full batch.
    await this.#running;
    this.#start();
    await this.#running;
    this.#isHurried = false;
  }

  /** Writes everything that waits, for at most {@link CLOSE_MS}. What is not written by then is lost. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await withDeadline(this.flush(), CLOSE_MS, () => undefined);
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#lose(this.#waiting.length);
    this.#waiting = [];
    this.#reportedMs = -Infinity;
    this.#report();
  }

  #startLater(): void {
    this.#timer ??= setTimeout(() => this.#start(), WAIT_MS).unref();
  }

  #start(): void {
    if (this.#running !== undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      if (this.#waiting.length > 0 && !this.#isClosed) this.#startLater();
    });
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    this.#isAway = false;
    // What waits at the beginning, and then full batches only: many small ones would cost much more.
    let left = this.#waiting.length;
    // Nothing waits any more once the writer has closed without the time to write everything.
    while (
      this.#waiting.length > 0 &&
      (left > 0 || this.#waiting.length >= this.#rowsAtOnce) &&
      !this.#isAway
    ) {
      await this.#pause();
      const startedMs = performance.now();
      const batch = this.#waiting.splice(0, this.#rows).toSorted(compareEntries);
      left -= batch.length;
      await this.#writeParts(batch);
      const endedMs = performance.now();
      this.#notBeforeMs = endedMs + Math.min((endedMs - startedMs) * this.#pauseFactor, LONGEST_PAUSE_MS);
      if (!this.#isAway) for (const entry of batch) this.#leave(entry);
    }
  }

  /** An entry that was written or lost. */
  #leave(entry: HistoryEntry): void {
    const bytes = memoryOf(entry);
    this.#waitingBytes -= bytes;
    this.#shares.remove(entry.userId, bytes);
  }

  async #pause(): Promise<void> {
    const pauseMs = this.#notBeforeMs - performance.now();
    if (this.#isHurried || pauseMs <= 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, pauseMs).unref();
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#endPause = undefined;
  }

  /** One entry that the database refuses must not fail the others: its batch is halved until it stands alone. */
  async #writeParts(batch: readonly HistoryEntry[]): Promise<void> {
    const parts = [batch];
    let conflictsLeft = CONFLICTS;
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      try {
        await this.#write(part);
        this.#rows = Math.min(this.#rows * 2, this.#rowsAtOnce);
      } catch (error) {
        if (isConflict(error) && conflictsLeft-- > 0) {
          parts.push(part);
          continue;
        }
        this.#error = error;
        if (isDatabaseAway(error)) {
          this.#isAway = true;
          // Writing an entry twice does no harm.
          if (isTooMuch(error)) {
            // The same batch would fail again, and keep everything behind it waiting.
            this.#rows = Math.max(1, Math.floor(batch.length / 2));
            this.#waiting.push(...batch);
          } else this.#waiting = [...batch, ...this.#waiting];
          this.#report();
          return;
        }
        const isOver = part.length === 1 || isStatementRefused(error);
        if (isOver) this.#lose(part.length);
        else parts.push(part.slice(middleOf(part)), part.slice(0, middleOf(part)));
      }
    }
  }

  async #write(batch: readonly HistoryEntry[]): Promise<void> {
    const documents = documentsOf(batch);
    const last = await lastEntries(this.#store, documents);
    // An attempt before may have written of them, and failed afterwards.
    const gone = documents.filter((key) => !last.has(progressKeyText(key)));
    await deleteHistoryWithoutProgress(this.#store, gone);
    const kept: NumberedEntry[] = [];
    const ends = new Map<string, NumberedEntry>();
    for (const entry of batch) {
      const key = progressKeyText(entry);
      // Forgotten meanwhile, or the user was removed.
      if (!last.has(key)) continue;
      const before = ends.get(key) ?? last.get(key);
      if (!isKept(before, entry)) {
        // Another server has kept nearly the same.
        if (before !== undefined) this.#places.note(key, before);
        continue;
      }
      const numbered = { ...entry, entryNumber: (before?.entryNumber ?? 0) + 1 };
      ends.set(key, numbered);
      kept.push(numbered);
    }
    if (kept.length === 0) return;
    await inTransaction(this.#store, (transaction) => insertHistory(transaction, kept), { attempts: 1 });
    await deleteHistoryWithoutProgress(this.#store, documentsOf(kept));
    this.#options.onWritten?.(kept);
  }

  #lose(count: number): void {
    if (count === 0) return;
    this.#lost += count;
    this.#options.onLost?.(count);
    this.#report();
  }

  #report(): void {
    const nowMs = performance.now();
    if (nowMs - this.#reportedMs < REPORT_EVERY_MS) return;
    if (this.#lost === 0 && this.#error === undefined) return;
    this.#reportedMs = nowMs;
    this.#options.onTrouble?.({ lost: this.#lost, error: this.#error });
    this.#lost = 0;
    this.#error = undefined;
  }
}

/** A statement took longer than it may, or a row that it needs was locked for as long, or a cluster does not take so much. */
function isTooMuch(error: unknown): boolean {
  const fault = databaseFault(error);
  return fault === 'statement-timeout' || fault === 'row-locked' || fault === 'transaction-too-large';
}

function middleOf(part: readonly HistoryEntry[]): number {
  return Math.floor(part.length / 2);
}

function memoryOf({ document, position, device }: Omit<HistoryEntry, 'arrival'>): number {
  return (
    ENTRY_BYTES + 2 * (document.length + position.length + device.name.length + (device.id?.length ?? 0))
  );
}

/** The order of keys, nearly: what matters is that every server writes in the same order. */
function compareEntries(left: HistoryEntry, right: HistoryEntry): number {
  if (left.userId !== right.userId) return left.userId - right.userId;
  if (left.document !== right.document) return left.document < right.document ? -1 : 1;
  return left.arrival - right.arrival;
}

/** @param batch ordered as {@link compareEntries} does */
function documentsOf(batch: readonly HistoryEntry[]): readonly ProgressKey[] {
  return batch.filter((entry, index) => {
    const before = batch[index - 1];
    return before?.userId !== entry.userId || before.document !== entry.document;
  });
}
