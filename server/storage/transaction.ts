import { setTimeout as delay } from 'node:timers/promises';
import type { Store } from './store.js';

/** Another transaction was in the way, or the connection went: nothing was committed, so it may be run again. */
const RETRYABLE = new Set([
  'ER_LOCK_DEADLOCK',
  'ER_LOCK_WAIT_TIMEOUT',
  'ER_CHECKREAD', // MariaDB: a row changed since this transaction's snapshot
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_SEQUENCE_TIMEOUT', // a statement took longer than the store allows
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'ER_SERVER_SHUTDOWN',
  'ER_CON_COUNT_ERROR', // too many connections at the moment
  'ER_UNKNOWN_COM_ERROR', // Galera: the node is not ready
  'ER_OPTION_PREVENTS_STATEMENT', // read-only while another primary takes over
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
  if (!(error instanceof Error)) return false;
  // Errors of mysql2 that end the connection say so, and not all of them have a code.
  if ('fatal' in error && error.fatal === true) return true;
  return 'code' in error && RETRYABLE.has(String(error.code));
}
