import { setTimeout as delay } from 'node:timers/promises';
import { isRetryable } from './database-error.js';
import type { Store } from './store.js';

const FIRST_WAIT_MS = 20;
/** With the pauses between them, two to three seconds: after that a cluster has replaced a database that restarts. */
const ATTEMPTS = 8;

export interface RetryOptions {
  /** Attempts in all, the first one included. */
  readonly attempts: number;
}

/**
 * Runs `work` in one transaction, commits it, and returns its result.
 *
 * After a deadlock or a lost connection the whole of `work` runs again, after a pause that grows, so `work` must be safe
 * to repeat. When the connection was lost during the commit, the commit may have succeeded, and `work` then meets the
 * rows that it wrote before.
 *
 * @throws what `work` or the database throws, once it is not retryable (isRetryable in database-error.ts) or the attempts
 *   are used up; nothing is written then, unless the connection was lost during the commit
 */
export async function inTransaction<T>(
  store: Store,
  work: (transaction: Store) => Promise<T>,
  retry: RetryOptions = { attempts: ATTEMPTS },
): Promise<T> {
  return retrying(
    // The session sets MySQL's isolation level (mysql-session.ts). Setting it here would cost a round trip.
    () =>
      store.db.transaction().execute(async (db) => {
        const transaction = { db, dialect: store.dialect };
        const result = await work(transaction);
        for (const step of lastSteps.get(db)?.values() ?? []) await step(transaction);
        return result;
      }),
    retry,
  );
}

type LastStep = (transaction: Store) => Promise<void>;

/** By the `db` of the transaction. */
const lastSteps = new WeakMap<object, Map<string, LastStep>>();

/**
 * Has a step run when the work of a transaction is done, right before the commit: statements that lock rows which many
 * transactions write. Of several steps of one name the first one runs.
 */
export function beforeCommit({ db }: Store, name: string, step: LastStep): void {
  if (!db.isTransaction) throw new Error('there is no transaction');
  const steps = lastSteps.get(db) ?? new Map<string, LastStep>();
  lastSteps.set(db, steps);
  if (!steps.has(name)) steps.set(name, step);
}

/** Runs `work` outside of a transaction and retries it as {@link inTransaction} does. It must be safe to repeat. */
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
