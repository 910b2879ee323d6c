import { SyncError } from '../domain/sync-error.js';
import {
  deadlineExceeded,
  DeadlineSweep,
  type Deferred,
  type Expiring,
  FIRST_PAUSE_MS,
  LONGEST_PAUSE_MS,
  pauseBeforeRetry,
  REQUEST_DEADLINE_MS,
} from './request-deadline.js';
import { WaitingShares } from './waiting-shares.js';

/** One row of a batch. The rows of a batch are in key order. */
export interface BatchRow<Push> {
  readonly push: Push;
  /** Its place in the order in which the pushes of the batch arrived. */
  readonly arrivalIndex: number;
  /**
   * Whether a request still waits for it. A row that nobody waits for must not be written: its reader was answered 503
   * and may have pushed something newer to another server.
   */
  isWanted(): boolean;
}

export interface PushQueueOptions<Push> {
  /**
   * Writes the rows in one transaction and resolves when they are on disk. It leaves out rows that are not wanted when
   * the transaction has begun. Immediately before the commit it asks again; if a row is not wanted by then, it rejects
   * and nothing is written. The queue then retries the other rows.
   */
  readonly commit: (rows: readonly BatchRow<Push>[]) => Promise<void>;
  /** Identifies the row that a push writes. A later push to the same row replaces one that is waiting. */
  readonly rowOf: (push: Push) => string;
  /**
   * Pushes with the same text are written one after the other in the order of arrival, each in a batch of its own. Pushes
   * to one row must have the same text.
   */
  readonly orderOf: (push: Push) => string;
  /** Whose share of the queue a push takes. */
  readonly ownerOf: (push: Push) => number;
  /** The order of rows in a batch, the same on every server: batches that lock rows in one order hardly ever deadlock. */
  readonly compare: (left: Push, right: Push) => number;
  readonly isRetryable: (error: unknown) => boolean;
  /**
   * Whether parts of the batch may be committed where all of it was not: some row stayed locked for too long, and it is not
   * known which, or the batch is too large. `failures` counts those of this batch.
   */
  readonly isBetterInParts?: (error: unknown, failures: number) => boolean;
  /** Whether the database can write nothing at all, and a retry would not help: its disk is full. Nothing is retried then. */
  readonly isDatabaseAway?: (error: unknown) => boolean;
  /** Whether the statement itself was refused, whatever its rows are. The batch is not split and retried then. */
  readonly isStatementRefused?: (error: unknown) => boolean;
  readonly rowsPerCommit: number;
  /** How many commits may be under way. Each takes a connection. Asked before each commit: it may change. */
  readonly commitsAtOnce: number;
  /** How many pushes may wait. Beyond it a push is rejected at once. */
  readonly waitingPushes: number;
  /** How many pushes of one owner may wait. Beyond it a push of this owner is rejected at once. */
  readonly waitingPerOwner: number;
  readonly timeoutMs?: number;
  readonly onCommit?: (rows: number, durationMs: number) => void;
}

/** Who waits for the answer to a push. */
export interface PushClient {
  /** The connection is closed: no answer can reach the client any more. */
  readonly hasLeft: boolean;
}

interface PushRequest<Push> {
  readonly push: Push;
  readonly client: PushClient | undefined;
  readonly answer: Deferred<void>;
}

class Entry<Push> implements BatchRow<Push> {
  readonly row: string;
  readonly order: string;
  push: Push;
  /** The requests that this row answers. The push of the last one is what is written. */
  readonly requests: PushRequest<Push>[];
  arrivalIndex = 0;

  constructor(row: string, order: string, push: Push, requests: PushRequest<Push>[]) {
    this.row = row;
    this.order = order;
    this.push = push;
    this.requests = requests;
  }

  isWanted(): boolean {
    return this.requests.some(isUnsettled);
  }

  /** Withdraws the pushes whose clients have left: they are not written, because nobody would know that they were. */
  withdrawLeft(): void {
    for (const { push, client, answer } of this.requests) {
      if (answer.isSettled) continue;
      if (client?.hasLeft === true) answer.reject(new SyncError('unavailable', 'The client has left.'));
      else this.push = push;
    }
  }
}

/** What is written together. */
interface Batch<Push> {
  /** In key order. */
  readonly entries: readonly Entry<Push>[];
  /** Of the entries. A set of its own for each batch, because V8 keeps old tables of one that grows and shrinks: see PullQueue. */
  readonly orders: ReadonlySet<string>;
}

/**
 * A batch that waited for a locked row is split into this many parts, which are retried at the same time. Most of its
 * requests have time for one more attempt before their deadline. Seven eighths of them succeed with it, because only
 * one part holds the locked row. Each part takes a connection.
 */
const PARTS_AROUND_LOCK = 8;

/**
 * The largest margin that is kept before a deadline, as a part of the request timeout. Without this bound one slow
 * commit would make every later batch leave out all its requests, and no commit would show that the database is fast
 * again.
 */
const LARGEST_MARGIN = 0.25;

/**
 * Shares commits between pushes: all pushes that wait are written by one transaction, and each is acknowledged only
 * after the commit that holds it. Pushes gather while the allowed number of commits is under way; on an idle server a
 * push is committed at the end of the event loop's tick in which it arrived.
 *
 * "The last push wins" holds because entries wait in the order of arrival, a push to a row that is waiting moves to the
 * end, and of the rows with the same `orderOf` only one is under way. So a later push cannot overtake an earlier one.
 *
 * A batch that failed because of a deadlock or a lost connection is retried as long as one of its requests is before
 * its deadline. Rows whose requests were answered 503 are dropped before each attempt: their readers send them again,
 * and they must not overwrite something newer. So are rows whose clients have left. A client that leaves during an
 * attempt does not stop it: otherwise one client could have the pushes of all others rolled back again and again.
 */
export class PushQueue<Push> {
  readonly #options: PushQueueOptions<Push>;
  readonly #deadlines: DeadlineSweep;
  #waiting = new Map<string, Entry<Push>>();
  #underWay: readonly Batch<Push>[] = [];
  /**
   * Duration of the last commit. A push whose deadline is nearer than this is left out of the next batch: if it expired
   * during the commit, the whole batch would be rolled back.
   */
  #commitMs = 0;
  readonly #longestMarginMs: number;
  readonly #shares: WaitingShares;
  #waitingPushes = 0;
  #commits = 0;
  #isScheduled = false;
  #onIdle: (() => void)[] = [];

  constructor(options: PushQueueOptions<Push>) {
    this.#options = options;
    this.#shares = new WaitingShares(options.waitingPerOwner);
    this.#longestMarginMs = (options.timeoutMs ?? REQUEST_DEADLINE_MS) * LARGEST_MARGIN;
    this.#deadlines = new DeadlineSweep(() => this.#pendingRequests(), options.timeoutMs);
  }

  get waiting(): number {
    return this.#waitingPushes;
  }

  /**
   * Resolves when the push is committed.
   *
   * @param sinceMs arrival of the request, by `performance.now()`. A push after its deadline is rejected and never
   *   written: its reader has given up and may have pushed something newer, which would be overwritten
   * @param client asked before each attempt to commit
   * @throws SyncError `overloaded` at once; `unavailable` at the deadline; `refused` when the database refuses the row
   */
  push(push: Push, sinceMs?: number, client?: PushClient): Promise<void> {
    if (this.#waitingPushes >= this.#options.waitingPushes) {
      return Promise.reject(new SyncError('overloaded', 'Too many requests are waiting for the database.'));
    }
    const answer = this.#deadlines.begin<void>(sinceMs);
    if (answer.deadlineMs <= performance.now()) return Promise.reject(deadlineExceeded());
    if (!this.#shares.add(this.#options.ownerOf(push), 1)) {
      return Promise.reject(
        new SyncError('overloaded', 'Too many requests of this user are waiting for the database.'),
      );
    }
    const row = this.#options.rowOf(push);
    const replaced = this.#waiting.get(row);
    const requests = replaced?.requests ?? [];
    requests.push({ push, client, answer });
    // Deleted and set again, so that it moves to the end: the order of the map is the order of arrival.
    if (replaced !== undefined) this.#waiting.delete(row);
    this.#waiting.set(row, new Entry(row, this.#options.orderOf(push), push, requests));
    this.#waitingPushes++;
    if (!this.#isScheduled && this.#commits < this.#options.commitsAtOnce) {
      // Not a microtask: uWebSockets.js runs microtasks after each request, and one tick may bring many requests.
      this.#isScheduled = true;
      setImmediate(this.#start);
    }
    return answer.promise;
  }

  /** Resolves when no push waits and no commit is under way. */
  idle(): Promise<void> {
    if (this.#waiting.size === 0 && this.#commits === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle.push(resolve);
    });
  }

  readonly #start = (): void => {
    this.#isScheduled = false;
    while (this.#commits < this.#options.commitsAtOnce && this.#waiting.size > 0) {
      const batch = this.#takeBatch();
      if (batch.entries.length === 0) break;
      this.#commits++;
      this.#underWay = [...this.#underWay, batch];
      void this.#commitBatch(batch.entries).finally(() => {
        this.#underWay = this.#underWay.filter((other) => other !== batch);
        this.#commits--;
        this.#start();
      });
    }
    if (this.#waiting.size > 0 || this.#commits > 0) return;
    for (const resolve of this.#onIdle.splice(0)) resolve();
  };

  *#pendingRequests(): Generator<Expiring> {
    yield* answersOf(this.#waiting.values());
    for (const { entries } of this.#underWay) yield* answersOf(entries);
  }

  #takeBatch(): Batch<Push> {
    const entries: Entry<Push>[] = [];
    const orders = new Set<string>();
    const waiting = this.#waiting;
    // A new map for the few that stay, instead of deletions: see PullQueue. Many are not copied.
    const isRenewed = waiting.size <= this.#options.rowsPerCommit;
    if (isRenewed) this.#waiting = new Map();
    for (const entry of waiting.values()) {
      if (entries.length >= this.#options.rowsPerCommit) break;
      if (orders.has(entry.order) || this.#underWay.some((batch) => batch.orders.has(entry.order))) {
        if (isRenewed) this.#waiting.set(entry.row, entry);
        continue;
      }
      if (!isRenewed) waiting.delete(entry.row);
      this.#waitingPushes -= entry.requests.length;
      this.#shares.remove(this.#options.ownerOf(entry.push), entry.requests.length);
      if (!entry.isWanted()) continue;
      entry.arrivalIndex = entries.length;
      orders.add(entry.order);
      entries.push(entry);
    }
    return {
      entries: entries.toSorted((left, right) => this.#options.compare(left.push, right.push)),
      orders,
    };
  }

  /** Never rejects: every outcome is passed to the requests. */
  async #commitBatch(batch: readonly Entry<Push>[]): Promise<void> {
    let failures = 0;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      const startedMs = performance.now();
      refuseBefore(batch, startedMs + this.#commitMs);
      for (const entry of batch) entry.withdrawLeft();
      const rows = batch.filter(isWanted);
      if (rows.length === 0) return;
      try {
        await this.#options.commit(rows);
        const durationMs = this.#noteDuration(startedMs);
        this.#options.onCommit?.(rows.length, durationMs);
        for (const { requests } of rows)
          for (const { answer } of requests) if (!answer.isSettled) answer.resolve();
        return;
      } catch (error) {
        if (!rows.some(isWanted)) return;
        failures++;
        if (rows.length > 1 && this.#options.isBetterInParts?.(error, failures) === true) {
          await Promise.all(slices(rows, PARTS_AROUND_LOCK).map((part) => this.#commitBatch(part)));
          return;
        }
        if (!this.#options.isRetryable(error)) {
          if (this.#options.isDatabaseAway?.(error) === true) {
            rejectAll(rows, new SyncError('unavailable', 'The database takes no writes.', error));
            return;
          }
          if (rows.every(isWanted)) return this.#commitParts(rows, error);
          // The commit may have failed only because a request of the batch expired during it.
          this.#noteDuration(startedMs);
          continue;
        }
      }
      await pauseBeforeRetry(pauseMs, answersOf(batch));
    }
  }

  #noteDuration(startedMs: number): number {
    const durationMs = performance.now() - startedMs;
    this.#commitMs = Math.min(durationMs, this.#longestMarginMs);
    return durationMs;
  }

  /** One bad row must not fail the others: the batch is halved until single rows are tried by themselves. */
  async #commitParts(rows: readonly Entry<Push>[], error: unknown): Promise<void> {
    if (rows.length === 1 || this.#options.isStatementRefused?.(error) === true) {
      rejectAll(rows, new SyncError('refused', 'The database refused this progress.', error));
      return;
    }
    for (const part of slices(rows, 2)) await this.#commitBatch(part);
  }
}

/** Up to `count` slices of about equal length. */
function slices<Push>(rows: readonly Entry<Push>[], count: number): readonly (readonly Entry<Push>[])[] {
  const length = Math.ceil(rows.length / count);
  return Array.from({ length: Math.ceil(rows.length / length) }, (_none, i) =>
    rows.slice(i * length, (i + 1) * length),
  );
}

/** Rejects requests whose deadline is before `deadlineMs`. */
function refuseBefore(batch: readonly Entry<unknown>[], deadlineMs: number): void {
  for (const { requests } of batch) {
    for (const { answer } of requests) {
      if (!answer.isSettled && answer.deadlineMs < deadlineMs) answer.reject(deadlineExceeded());
    }
  }
}

function rejectAll(batch: readonly Entry<unknown>[], failure: SyncError): void {
  for (const { requests } of batch) {
    for (const { answer } of requests) if (!answer.isSettled) answer.reject(failure);
  }
}

function* answersOf(entries: Iterable<Entry<unknown>>): Generator<Expiring> {
  for (const { requests } of entries) for (const { answer } of requests) yield answer;
}

function isWanted(entry: Entry<unknown>): boolean {
  return entry.isWanted();
}

function isUnsettled({ answer }: PushRequest<unknown>): boolean {
  return !answer.isSettled;
}
