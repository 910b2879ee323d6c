import { setTimeout as delay } from 'node:timers/promises';
import { pendingMigrations } from './migrate.js';
import type { Store } from './store.js';

export type Readiness =
  | { readonly state: 'ready' }
  | { readonly state: 'not-ready'; readonly reason: 'database-away' | 'migrations-pending' | 'stopping' };

/** An orchestrator asks every few seconds and waits about one. */
const PATIENCE_MS = 1000;

/** Whether requests can be answered: the database answers, and its schema is the one that this program knows. */
export async function readiness(store: Store): Promise<Readiness> {
  const stop = new AbortController();
  const away = delay<Readiness>(
    PATIENCE_MS,
    { state: 'not-ready', reason: 'database-away' },
    { signal: stop.signal, ref: false },
  );
  away.catch(() => undefined);
  try {
    return await Promise.race([ask(store), away]);
  } finally {
    stop.abort();
  }
}

async function ask(store: Store): Promise<Readiness> {
  try {
    const pending = await pendingMigrations(store);
    return pending.length === 0 ? { state: 'ready' } : { state: 'not-ready', reason: 'migrations-pending' };
  } catch {
    return { state: 'not-ready', reason: 'database-away' };
  }
}
