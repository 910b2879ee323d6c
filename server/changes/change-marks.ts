import type { Store } from '../database/store.js';
import { withDeadline } from '../domain/deadline.js';
import type { UserId } from '../domain/ids.js';
import { markChanges, type Topic } from './change-mark-repository.js';

/**
 * Between two writes. A page that shows progress has to show a push within a second: this, and the time between two
 * looks of a page's stream (server/overview/watch-changes.ts), stay below it.
 */
const WRITE_INTERVAL_MS = 200;
/** After a failure. The database is away, so nothing is pushed meanwhile either. */
const RETRY_MS = 1000;
/** Users who wait for the next write. Past it, those who are not noted see the change with their next push. */
const WAITING_USERS = 10_000;
/** How long a stopping server waits for the last write. */
const CLOSE_MS = 1000;

/**
 * Marks what has changed behind the commits of those changes. In MySQL that is done for pushes: marks inside of their
 * transactions would make the pushes of a user wait for each other, and write a row more for each of them. A crash may lose a mark. A page then shows the push
 * when the next change comes, or when it connects again.
 */
export class ChangeMarks {
  readonly #store: Store;
  readonly #waiting = new Map<Topic, Set<UserId>>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #isClosed = false;

  constructor(store: Store) {
    this.#store = store;
  }

  /** The first change after a pause is written at once; those that follow are collected. */
  note(topic: Topic, users: Iterable<UserId>): void {
    if (this.#isClosed) return;
    const waiting = this.#waiting.get(topic) ?? new Set();
    this.#waiting.set(topic, waiting);
    for (const user of users) if (waiting.size < WAITING_USERS) waiting.add(user);
    if (waiting.size === 0 || this.#timer !== undefined) return;
    this.#writing ??= this.#write();
  }

  /** Resolves when the last change is written, at most a second later. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    const rest = (async () => {
      await this.#writing;
      await this.#writeWaiting();
    })();
    await withDeadline(rest, CLOSE_MS, () => undefined).catch(() => undefined); // The database is away.
  }

  /** Never rejects. Writes again after a pause if more has been noted, or if it was not written. */
  async #write(): Promise<void> {
    let pauseMs = WRITE_INTERVAL_MS;
    try {
      await this.#writeWaiting();
    } catch {
      pauseMs = RETRY_MS;
    }
    this.#writing = undefined;
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#waiting.size > 0) this.#writing = this.#write();
    }, pauseMs).unref();
  }

  /** @throws an error of the database; what was not written waits for the next write */
  async #writeWaiting(): Promise<void> {
    for (const [topic, users] of this.#waiting) {
      this.#waiting.delete(topic);
      try {
        await markChanges(this.#store, [topic], users);
      } catch (error) {
        const more = this.#waiting.get(topic) ?? [];
        this.#waiting.set(topic, new Set([...users, ...more]));
        throw error;
      }
    }
  }
}
