import { lruCache } from '../batching/lru-cache.js';
import { holdersOfDocuments } from '../book/digest-repository.js';
import { readDatabaseNowMs } from '../database/database-clock.js';
import type { Store } from '../database/store.js';
import { forgetOldestDevices, type SeenDevice } from '../device/device-repository.js';
import { withDeadline } from '../domain/deadline.js';
import type { Document } from '../domain/document.js';
import type { UserId } from '../domain/ids.js';
import { forgetOldestPositions } from './device-progress-repository.js';
import { type ProgressKey, progressKeyText } from './progress-key.js';
import {
  deleteHistoryUpTo,
  deleteHistoryWithoutProgress,
  deleteSomeHistoryBefore,
  forgetOldestHistory,
  type NumberedEntry,
} from './progress-history-repository.js';
import {
  arrivalsPage,
  countDocuments,
  deleteOldTickets,
  deleteUnchangedProgress,
  type DocumentArrival,
  type PushTraces,
} from './progress-repository.js';

/** How much the server keeps of one user. Everything is far above what people have, and far below what hurts others. */
export interface RetentionBounds {
  readonly documentsPerUser: number;
  readonly devicesPerUser: number;
  readonly devicesPerDocument: number;
  /** `undefined`: there is no history, and what an earlier one has left is not touched. */
  readonly history?: HistoryBounds | undefined;
}

export interface HistoryBounds {
  readonly entriesPerDocument: number;
  readonly entriesPerUser: number;
  readonly days: number;
  /** How often entries that are too old are looked for. Default: about once an hour. */
  readonly ageCheckMs?: number;
}

const DEFAULT_BOUNDS: RetentionBounds = {
  documentsPerUser: 100_000,
  devicesPerUser: 1000,
  devicesPerDocument: 100,
};

export const FORGOTTEN = ['document', 'device', 'device-position', 'history'] as const;
export type Forgotten = (typeof FORGOTTEN)[number];

export interface RetentionOptions {
  /** For metrics. */
  readonly onForgotten?: (what: Forgotten, count: number) => void;
  /** A check failed. What it would have forgotten is found by the next one. */
  readonly onError?: (error: unknown) => void;
}

/** A check reads all that it counts, so it waits until so large a part of the bound has been added. */
const STEP = { document: 1 / 20, device: 1 / 20, 'device-position': 1 / 10, history: 1 / 20 } as const;
/** Of the entries of a document so large a part is deleted at once. */
const HISTORY_STEP = 1 / 10;
/** Entries of one user that are more than the bound are deleted with some more, so that the next check is not soon. */
const HISTORY_KEPT = 0.95;
/** How often a server looks for entries that are too old. */
const AGE_CHECK_MS = 3_600_000;
/**
 * After each part of the entries that are too old, the server waits for so many times as long as their deletion took. All
 * entries of many months may become too old at once, when the setting is changed, and pushes to SQLite wait for each part.
 */
const AGE_PAUSE_FACTOR = 9;
const DAY_MS = 86_400_000;
/** Users, and documents, whose additions are counted. One that is evicted is checked at its next addition. */
const COUNTED = 20_000;
/** Checks that wait. A further one is dropped; the next addition asks for it again. */
const WAITING_CHECKS = 10_000;
/** Each commit takes a ticket (progress-repository.ts). */
const COMMITS_PER_TICKET_CHECK = 1000;
/** Documents of one read. In SQLite the reads of pulls take turns with it. */
const PAGE = 1000;
/** Documents of one transaction, each with up to 100 devices and 200 entries by default. Pushes wait for it in SQLite. */
const DELETED_AT_ONCE = 10;
/** How long a stopping server waits for a check. What the check has not done by then, the next one finds. */
const CLOSE_MS = 1000;
/** Documents that are collected before the oldest of them are deleted. */
const COLLECTED = 20_000;

/**
 * Forgets the oldest of what a user's devices have left behind, past the bounds: devices' older positions, devices,
 * entries of the history, and documents that no library holds. The newest position of a document that a library holds, or has held the file of, is
 * never forgotten. Works behind the commits, one check at a time, so a bound may be exceeded for a moment, and by a
 * twentieth (a tenth for positions).
 */
export class Retention {
  readonly #store: Store;
  readonly #bounds: RetentionBounds;
  readonly #options: RetentionOptions;
  readonly #added = {
    document: lruCache<string, number>(COUNTED),
    device: lruCache<string, number>(COUNTED),
    'device-position': lruCache<string, number>(COUNTED),
    history: lruCache<string, number>(COUNTED),
  };
  readonly #waiting = new Map<string, () => Promise<void>>();
  #running: Promise<void> | undefined;
  #commits = 0;
  #ageTimer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(store: Store, bounds: RetentionBounds = DEFAULT_BOUNDS, options: RetentionOptions = {}) {
    this.#store = store;
    this.#bounds = bounds;
    this.#options = options;
    if (bounds.history !== undefined) this.#checkAgeLater(bounds.history);
  }

  /** What a commit has added. */
  note({ created, displaced }: PushTraces, devices: readonly SeenDevice[]): void {
    if (++this.#commits % COMMITS_PER_TICKET_CHECK === 0) {
      this.#enqueue('tickets', () => deleteOldTickets(this.#store));
    }
    const { documentsPerUser, devicesPerUser, devicesPerDocument } = this.#bounds;
    for (const { userId } of created) {
      this.#count('document', String(userId), documentsPerUser, () => this.#forgetDocuments(userId));
    }
    for (const { userId } of devices) {
      this.#count('device', String(userId), devicesPerUser, () =>
        forgetOldestDevices(this.#store, userId, devicesPerUser),
      );
    }
    for (const { userId, document } of displaced) {
      const key = { userId, document };
      this.#count('device-position', progressKeyText(key), devicesPerDocument, () =>
        this.#forgetPositions(key),
      );
    }
  }

  /** What was added to the history of progress. */
  noteHistory(entries: readonly NumberedEntry[]): void {
    const { history } = this.#bounds;
    if (history === undefined) return;
    const { entriesPerDocument, entriesPerUser } = history;
    const step = Math.max(1, Math.floor(entriesPerDocument * HISTORY_STEP));
    for (const { userId, document, entryNumber } of entries) {
      const upTo = entryNumber - (entriesPerDocument - step);
      if (entryNumber % step === 0 && upTo > 0) {
        const key = { userId, document };
        this.#enqueue(`history of document ${progressKeyText(key)}`, () =>
          this.#forgetHistory(() => deleteHistoryUpTo(this.#store, key, upTo)),
        );
      }
      this.#countHistory(userId, entriesPerUser);
    }
  }

  /** Resolves when no check waits. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** Drops the checks that wait, and resolves when the last one has ended, at most a second later. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#ageTimer);
    await withDeadline(Promise.resolve(this.#running), CLOSE_MS, () => undefined);
  }

  /**
   * A user who is not counted yet starts anywhere before the next check. Users push all the time: a check at the first
   * entry of each would count the entries of all of them whenever a server starts.
   */
  #countHistory(userId: UserId, bound: number): void {
    const counts = this.#added.history;
    const of = String(userId);
    const due = Math.max(1, Math.floor(bound * STEP.history));
    const added = (counts.get(of) ?? Math.floor(Math.random() * due)) + 1;
    const isDue = added >= due;
    const isQueued =
      isDue &&
      this.#enqueue(`history of user ${of}`, () =>
        this.#forgetHistory(() =>
          forgetOldestHistory(this.#store, userId, { bound, keep: Math.floor(bound * HISTORY_KEPT) }),
        ),
      );
    counts.set(of, isQueued ? 0 : added);
  }

  #checkAgeLater(history: HistoryBounds): void {
    // Servers that start together do not check together.
    this.#checkAgeIn((history.ageCheckMs ?? AGE_CHECK_MS) * (0.5 + Math.random()), history);
  }

  #checkAgeIn(waitMs: number, history: HistoryBounds): void {
    if (this.#isClosed) return;
    this.#ageTimer = setTimeout(() => {
      const isQueued = this.#enqueue('history by age', () => this.#forgetSomeByAge(history));
      if (!isQueued) this.#checkAgeLater(history);
    }, waitMs).unref();
  }

  /** One part at a time: other checks take turns with it. */
  async #forgetSomeByAge(history: HistoryBounds): Promise<void> {
    let pauseMs: number | undefined;
    try {
      const nowMs = await this.#earliestNowMs();
      const beganMs = performance.now();
      const count = await deleteSomeHistoryBefore(this.#store, nowMs - history.days * DAY_MS);
      if (count === 0) return;
      pauseMs = (performance.now() - beganMs) * AGE_PAUSE_FACTOR;
      this.#options.onForgotten?.('history', count);
    } finally {
      if (pauseMs === undefined) this.#checkAgeLater(history);
      else this.#checkAgeIn(pauseMs, history);
    }
  }

  /**
   * By the clock that is behind the others: this machine's, the one that it had when the process started, and the database's.
   * A clock that is set years ahead by mistake must not delete the history.
   */
  async #earliestNowMs(): Promise<number> {
    const databaseMs = await readDatabaseNowMs(this.#store);
    return Math.min(Date.now(), performance.timeOrigin + performance.now(), databaseMs);
  }

  async #forgetHistory(forget: () => Promise<number>): Promise<void> {
    const count = await forget();
    if (count > 0) this.#options.onForgotten?.('history', count);
  }

  #count(
    what: Exclude<Forgotten, 'history'>,
    of: string,
    bound: number,
    forget: () => Promise<number>,
  ): void {
    const counts = this.#added[what];
    const added = (counts.get(of) ?? Infinity) + 1;
    const isDue = added >= Math.max(1, Math.floor(bound * STEP[what]));
    counts.set(of, isDue ? 0 : added);
    if (!isDue) return;
    const isQueued = this.#enqueue(`${what} ${of}`, async () => {
      try {
        const count = await forget();
        if (count > 0) this.#options.onForgotten?.(what, count);
      } catch (error) {
        counts.delete(of); // The next addition asks again.
        throw error;
      }
    });
    if (!isQueued) counts.delete(of);
  }

  /** @returns `false` when there is no room for the check */
  #enqueue(key: string, check: () => Promise<void>): boolean {
    if (this.#isClosed || this.#waiting.size >= WAITING_CHECKS) return false;
    this.#waiting.set(key, check);
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return true;
  }

  async #run(): Promise<void> {
    for (const [key, check] of this.#waiting) {
      this.#waiting.delete(key);
      if (this.#isClosed) continue;
      try {
        await check();
      } catch (error) {
        this.#options.onError?.(error);
      }
    }
  }

  async #forgetPositions(key: ProgressKey): Promise<number> {
    // The newest position is not among them.
    return forgetOldestPositions(this.#store, key, Math.max(0, this.#bounds.devicesPerDocument - 1));
  }

  async #forgetDocuments(userId: UserId): Promise<number> {
    let forgotten = 0;
    for (;;) {
      const excess = (await countDocuments(this.#store, userId)) - this.#bounds.documentsPerUser;
      if (excess <= 0) return forgotten;
      const oldest = await this.#documentsOutsideLibraries(userId);
      const before = forgotten;
      for (
        let start = 0;
        start < Math.min(excess, oldest.length) && !this.#isClosed;
        start += DELETED_AT_ONCE
      ) {
        const part = oldest.slice(start, Math.min(start + DELETED_AT_ONCE, excess));
        // Once more: a scan may have added one of them to a library since.
        forgotten += await deleteUnchangedProgress(this.#store, userId, await this.#outsideLibraries(part));
        await deleteHistoryWithoutProgress(
          this.#store,
          part.map(({ document }) => ({ userId, document })),
        );
      }
      // All that is left belongs to libraries, or was pushed meanwhile.
      if (forgotten === before || this.#isClosed) return forgotten;
    }
  }

  /** The oldest of those documents of the user that no library holds, at most {@link COLLECTED}. */
  async #documentsOutsideLibraries(userId: UserId): Promise<readonly DocumentArrival[]> {
    let oldest: DocumentArrival[] = [];
    for (let after: Document | undefined; ;) {
      const page = await arrivalsPage(this.#store, userId, { after, limit: PAGE });
      oldest.push(...(await this.#outsideLibraries(page)));
      if (oldest.length > 2 * COLLECTED) oldest = theOldest(oldest);
      after = page.at(-1)?.document;
      if (page.length < PAGE || after === undefined || this.#isClosed) return theOldest(oldest);
    }
  }

  async #outsideLibraries(page: readonly DocumentArrival[]): Promise<readonly DocumentArrival[]> {
    const documents = page.map(({ document }) => document);
    const held = await holdersOfDocuments(this.#store, documents);
    return page.filter(({ document }) => !held.has(document));
  }
}

function theOldest(documents: readonly DocumentArrival[]): DocumentArrival[] {
  return documents.toSorted((left, right) => left.arrival - right.arrival).slice(0, COLLECTED);
}
