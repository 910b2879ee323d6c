import { setTimeout as delay } from 'node:timers/promises';
import type { Store } from './store.js';

/** Another transaction was in the way, or the connection went: nothing was committed, so it may be run again. */
const RETRYABLE = new Set([
  'ER_LOCK_DEADLOCK',
  'ER_LOCK_WAIT_TIMEOUT',
  'ER_CHECKREAD', // MariaDB: a row changed since this transaction's snapshot
  'PROTOCOL_CONNECTION_LOST',
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ER_SERVER_SHUTDOWN',
  'SQLITE_BUSY',
  'SQLITE_BUSY_SNAPSHOT',
]);

const FIRST_WAIT_MS = 20;

export interface RetryOptions {
  /** How often it is tried in all. */
  readonly attempts: number;
}

/**
 * Runs `work` in one transaction and commits it. The whole of it is run again, after a growing pause, when a
 * deadlock or a lost connection undid it, so `work` must do nothing that cannot be done twice.
 */
export async function inTransaction<T>(
  store: Store,
  work: (transaction: Store) => Promise<T>,
  retry: RetryOptions = { attempts: 8 },
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      const builder = store.db.transaction();
      // Read committed: no gap locks between batches that write neighbouring rows. SQLite has one level only.
      const configured = store.dialect === 'mysql' ? builder.setIsolationLevel('read committed') : builder;
      return await configured.execute((db) => work({ db, dialect: store.dialect }));
    } catch (error) {
      if (attempt >= retry.attempts || !isRetryable(error)) throw error;
      await delay(FIRST_WAIT_MS * 2 ** (attempt - 1) * (0.5 + Math.random()));
    }
  }
}

export function isRetryable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && RETRYABLE.has(String(error.code));
}
