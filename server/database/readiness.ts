import { withDeadline } from '../domain/deadline.js';
import { pendingMigrations } from './migrate.js';
import type { Store } from './store.js';

export type DatabaseReadiness =
  | { readonly state: 'ready' }
  | { readonly state: 'not-ready'; readonly reason: 'database-away' | 'migrations-pending' };

/** Orchestrators ask every few seconds and wait about one second for the answer. */
const TIMEOUT_MS = 1000;
const AWAY: DatabaseReadiness = { state: 'not-ready', reason: 'database-away' };

/**
 * Whether requests can be answered: the database answers within a second, and all migrations are applied. Never
 * returns `stopping`, which the listener answers by itself. Never rejects.
 */
export function databaseReadiness(store: Store): Promise<DatabaseReadiness> {
  return withDeadline(askDatabase(store), TIMEOUT_MS, () => AWAY);
}

async function askDatabase(store: Store): Promise<DatabaseReadiness> {
  try {
    const pending = await pendingMigrations(store);
    return pending.length === 0 ? { state: 'ready' } : { state: 'not-ready', reason: 'migrations-pending' };
  } catch {
    return AWAY;
  }
}
