import { setTimeout as delay } from 'node:timers/promises';
import { isRetryable } from './database-error.js';
import type { Store } from './store.js';

const FIRST_WAIT_MS = 20;
/** With the waits between them these take two to three seconds: a database that restarts in its cluster is back. */
const ATTEMPTS = 8;

export interface RetryOptions {
  /** How often it is tried in all. */
  readonly attempts: number;
}

/**
 * Runs `work` in one transaction and commits it. The whole of it is run again, after a growing pause, when a
 * deadlock or a lost connection undid it, so `work` must do nothing that cannot be done twice: where the connection
 * was lost in the commit, it may find its own work done.
 */
export async function inTransaction<T>(
  store: Store,
  work: (transaction: Store) => Promise<T>,
  retry: RetryOptions = { attempts: ATTEMPTS },
): Promise<T> {
  return retrying(
    // MySQL's isolation level is that of the session (mysql-session.ts): to set it here takes a round trip more.
    () => store.db.transaction().execute((db) => work({ db, dialect: store.dialect })),
    retry,
  );
}

/** Runs `work`, reads or one statement that may be done twice, again under the same conditions as a transaction. */
export async function retrying<T>(
  work: () => Promise<T>,
  retry: RetryOptions = { attempts: ATTEMPTS },
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= retry.attempts || !isRetryable(error)) throw error;
      await delay(FIRST_WAIT_MS * 2 ** (attempt - 1) * (0.5 + Math.random()));
    }
  }
}
