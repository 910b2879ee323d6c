import { setTimeout as delay } from 'node:timers/promises';
import { SyncError } from './sync-error.js';
import { type Expiring, Patience, REQUEST_DEADLINE_MS, deadlineExceeded, type Deferred } from './deadline.js';

/** A push within a batch. Rows come in key order; `arrivalIndex` says in which order they arrived. */
export interface BatchRow<Push> {
  readonly push: Push;
  readonly arrivalIndex: number;
  /** Whether a reader still waits for it: one that was told 503 may have pushed something newer elsewhere. */
  isWanted(): boolean;
}

export interface PushQueueOptions<Push> {
  /**
   * Writes rows in one transaction. When it resolves they are on disk. Leaves out those that are not wanted any more when
   * the transaction has begun, and asks again last thing before the commit: where one of them is not wanted by then, it
   * rejects and nothing is written. The others are tried again.
   */
  readonly commit: (rows: readonly BatchRow<Push>[]) => Promise<void>;
  /** Names the row that a push writes: a later push of the same row replaces a waiting one. */
  readonly rowOf: (push: Push) => string;
  /** Names what must be written in order of arrival; rows of one row name share it. */
  readonly orderOf: (push: Push) => string;
  /** Key order, the same on every server: two batches that lock rows in one order do not deadlock. */
  readonly compare: (left: Push, right: Push) => number;
  readonly isRetryable: (error: unknown) => boolean;
  /** Whether somebody else kept a row of the batch locked for too long, whichever it was. */
  readonly isRowLocked?: (error: unknown) => boolean;
  /** Whether it is not for one row's sake: then no part of the batch is tried by itself. */
  readonly isStatementRefused?: (error: unknown) => boolean;
  readonly rowsPerCommit: number;
  /** How many batches may be under way; each takes a connection. */
  readonly commitsAtOnce: number;
  /** Pushes that may wait; past that a push is refused at once. */
  readonly waitingPushes: number;
  readonly patienceMs?: number;
  readonly onCommit?: (rows: number, durationMs: number) => void;
}

class Entry<Push> implements BatchRow<Push> {
  readonly row: string;
  readonly order: string;
  readonly push: Push;
  /** Everybody whose push this row answers for; the last one's push is what is written. */
  readonly waiters: Deferred<void>[];
  /** Its place in the batch that it went into. */
  arrivalIndex = 0;

  constructor(row: string, order: string, push: Push, waiters: Deferred<void>[]) {
    this.row = row;
    this.order = order;
    this.push = push;
    this.waiters = waiters;
  }

  isWanted(): boolean {
    return this.waiters.some(isUnsettled);
  }
}

/**
 * Into so many parts a batch is cut that waited for a locked row, to be tried at once: most of its readers have the
 * patience for one more try and no more, and seven eighths of them get their answer then. Each takes a connection.
 */
const PARTS_AROUND_LOCK = 8;

/** Of a reader's patience; after one commit that took long, readers must still be let in to find the next one short. */
const LARGEST_MARGIN = 0.25;

/** The first pause before a batch is tried again, doubled each time up to the longest. */
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 200;

/**
 * Pushes that wait share one commit, and each is acknowledged after the commit that holds it. While all commits are
 * under way the waiting ones gather; on an idle server a push is committed at the end of the tick it came in.
 *
 * What keeps "last push wins" true: entries wait in order of arrival, a push that comes again moves to the end, and
 * two batches under way never hold the same `orderOf`, so a later push cannot overtake an earlier one.
 *
 * A batch that a deadlock or a lost connection undid is tried again as long as anybody in it has patience. Rows whose
 * readers were told 503 are dropped first: they will be sent again, and must not be written over something newer.
 */
export class PushQueue<Push> {
  readonly #options: PushQueueOptions<Push>;
  readonly #patience: Patience;
  readonly #waiting = new Map<string, Entry<Push>>();
  readonly #underWay = new Set<readonly Entry<Push>[]>();
  readonly #ordersUnderWay = new Set<string>();
  /** How long the last commit took. A reader that will not wait as long would undo the next one for its neighbours. */
  #commitMs = 0;
  readonly #longestMarginMs: number;
  #waitingPushes = 0;
  #commits = 0;
  #isScheduled = false;
  #onIdle: (() => void)[] = [];

  constructor(options: PushQueueOptions<Push>) {
    this.#options = options;
    this.#longestMarginMs = (options.patienceMs ?? REQUEST_DEADLINE_MS) * LARGEST_MARGIN;
    this.#patience = new Patience(() => this.#waiters(), options.patienceMs);
  }

  get waiting(): number {
    return this.#waitingPushes;
  }

  /**
   * @param sinceMs when the request was there. Too late is too late: the reader has turned away, and may have pushed
   *   something newer that would be overwritten now
   * @throws SyncError `overloaded` at once; `unavailable`, `refused`
   */
  push(push: Push, sinceMs?: number): Promise<void> {
    if (this.#waitingPushes >= this.#options.waitingPushes) {
      return Promise.reject(new SyncError('overloaded', 'Too many requests are waiting for the database.'));
    }
    const waiter = this.#patience.begin<void>(sinceMs);
    if (waiter.deadlineMs <= performance.now()) return Promise.reject(deadlineExceeded());
    const row = this.#options.rowOf(push);
    const replaced = this.#waiting.get(row);
    const waiters = replaced?.waiters ?? [];
    waiters.push(waiter);
    // To the end: the order of the map is the order of arrival.
    if (replaced !== undefined) this.#waiting.delete(row);
    this.#waiting.set(row, new Entry(row, this.#options.orderOf(push), push, waiters));
    this.#waitingPushes++;
    if (!this.#isScheduled && this.#commits < this.#options.commitsAtOnce) {
      // Not a microtask: uWebSockets.js runs those after each request, and the tick may bring many.
      this.#isScheduled = true;
      setImmediate(this.#start);
    }
    return waiter.promise;
  }

  /** Resolves when nothing waits and nothing is under way. */
  idle(): Promise<void> {
    if (this.#waiting.size === 0 && this.#commits === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle.push(resolve);
    });
  }

  readonly #start = (): void => {
    this.#isScheduled = false;
    while (this.#commits < this.#options.commitsAtOnce && this.#waiting.size > 0) {
      const entries = this.#takeEntries();
      if (entries.length === 0) break;
      this.#commits++;
      this.#underWay.add(entries);
      void this.#commitBatch(entries).finally(() => {
        this.#underWay.delete(entries);
        for (const { order } of entries) this.#ordersUnderWay.delete(order);
        this.#commits--;
        this.#start();
      });
    }
    if (this.#waiting.size > 0 || this.#commits > 0) return;
    for (const resolve of this.#onIdle.splice(0)) resolve();
  };

  *#waiters(): Generator<Expiring> {
    for (const { waiters } of this.#waiting.values()) yield* waiters;
    for (const entries of this.#underWay) for (const { waiters } of entries) yield* waiters;
  }

  /** In key order. */
  #takeEntries(): readonly Entry<Push>[] {
    const entries: Entry<Push>[] = [];
    for (const entry of this.#waiting.values()) {
      if (entries.length >= this.#options.rowsPerCommit) break;
      if (this.#ordersUnderWay.has(entry.order)) continue;
      this.#waiting.delete(entry.row);
      this.#waitingPushes -= entry.waiters.length;
      if (!entry.isWanted()) continue;
      entry.arrivalIndex = entries.length;
      entries.push(entry);
    }
    // Only now: one batch may hold several rows of one order.
    for (const { order } of entries) this.#ordersUnderWay.add(order);
    return entries.toSorted((left, right) => this.#options.compare(left.push, right.push));
  }

  /** Never rejects: every outcome goes to the waiters. */
  async #commitBatch(batch: readonly Entry<Push>[]): Promise<void> {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      const startedMs = performance.now();
      refuseBefore(batch, startedMs + this.#commitMs);
      const rows = batch.filter(isWanted);
      if (rows.length === 0) return;
      try {
        await this.#options.commit(rows);
        const durationMs = this.#noteDuration(startedMs);
        this.#options.onCommit?.(rows.length, durationMs);
        for (const { waiters } of rows) for (const waiter of waiters) if (!waiter.isSettled) waiter.resolve();
        return;
      } catch (error) {
        if (!rows.some(isWanted)) return;
        if (rows.length > 1 && this.#options.isRowLocked?.(error) === true) {
          await Promise.all(slices(rows, PARTS_AROUND_LOCK).map((part) => this.#commitBatch(part)));
          return;
        }
        if (!this.#options.isRetryable(error)) {
          if (rows.every(isWanted)) return this.#commitParts(rows, error);
          // Nothing may be wrong but that a reader was told 503 meanwhile.
          this.#noteDuration(startedMs);
          continue;
        }
      }
      await delay(pauseMs * (0.5 + Math.random()));
    }
  }

  #noteDuration(startedMs: number): number {
    const durationMs = performance.now() - startedMs;
    this.#commitMs = Math.min(durationMs, this.#longestMarginMs);
    return durationMs;
  }

  /** One bad row must not fail its neighbours: halves are tried by themselves, down to the row. */
  async #commitParts(rows: readonly Entry<Push>[], error: unknown): Promise<void> {
    if (rows.length === 1 || this.#options.isStatementRefused?.(error) === true) {
      const failure = new SyncError('refused', 'The database refused this progress.', error);
      for (const { waiters } of rows) {
        for (const waiter of waiters) if (!waiter.isSettled) waiter.reject(failure);
      }
      return;
    }
    for (const part of parts(rows)) await this.#commitBatch(part);
  }
}

/** As many slices of about equal length, fewer where rows of one order, which stay together, would be torn apart. */
function slices<Push>(rows: readonly Entry<Push>[], count: number): readonly (readonly Entry<Push>[])[] {
  const found: Entry<Push>[][] = [];
  let last: Entry<Push>[] = [];
  for (const row of rows) {
    if (last.length === 0 || (last.length >= rows.length / count && last.at(-1)?.order !== row.order)) {
      last = [];
      found.push(last);
    }
    last.push(row);
  }
  return found;
}

/** Two halves, cut where no order is torn apart; rows of a single order one by one as they arrived. */
function parts<Push>(rows: readonly Entry<Push>[]): readonly (readonly Entry<Push>[])[] {
  const middle = rows[rows.length >> 1];
  if (middle === undefined) return [];
  const cut = rows.findIndex(
    middle.order === rows[0]?.order
      ? (row) => row.order !== middle.order
      : (row) => row.order === middle.order,
  );
  if (cut > 0) return [rows.slice(0, cut), rows.slice(cut)];
  return rows.toSorted((left, right) => left.arrivalIndex - right.arrivalIndex).map((row) => [row]);
}

/** Refuses readers whose patience ends before that. */
function refuseBefore(batch: readonly Entry<unknown>[], deadlineMs: number): void {
  for (const { waiters } of batch) {
    for (const waiter of waiters) {
      if (!waiter.isSettled && waiter.deadlineMs < deadlineMs) waiter.reject(deadlineExceeded());
    }
  }
}

function isWanted(entry: Entry<unknown>): boolean {
  return entry.isWanted();
}

function isUnsettled(waiter: Deferred<void>): boolean {
  return !waiter.isSettled;
}
