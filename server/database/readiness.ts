import { withDeadline } from '../domain/deadline.js';
import { type DatabaseFault, databaseFault, faultAdvice } from './database-fault.js';
import { schemaState } from './migrate.js';
import type { Store } from './store.js';
import type { WriteHealth } from './write-health.js';

export type DatabaseReadiness =
  | { readonly state: 'ready' }
  | {
      readonly state: 'not-ready';
      /** `database-failed`: an error of another kind, which the log holds. */
      readonly reason: DatabaseFault | 'database-failed' | 'migrations-pending' | 'schema-newer';
      /** What is wrong and what to do, for people. Anybody may read it, so it names neither addresses nor files. */
      readonly detail: string;
    };

/** Orchestrators ask every few seconds and wait about one second for the answer. */
const TIMEOUT_MS = 1000;

/**
 * Whether requests can be answered: the database answers within a second, all migrations are applied, and no write has
 * failed in the last ten seconds. Never returns `stopping`, which the listener answers by itself. Never rejects.
 *
 * @param onError called with an error that is no fault of the database
 */
export function databaseReadiness(
  store: Store,
  writes: WriteHealth,
  onError: (error: unknown) => void,
): Promise<DatabaseReadiness> {
  return withDeadline(askDatabase(store, writes, onError), TIMEOUT_MS, () =>
    notReady(writes.fault ?? 'database-away'),
  );
}

async function askDatabase(
  store: Store,
  writes: WriteHealth,
  onError: (error: unknown) => void,
): Promise<DatabaseReadiness> {
  try {
    const { pending, unknown } = await schemaState(store);
    if (unknown.length > 0) {
      return {
        state: 'not-ready',
        reason: 'schema-newer',
        detail: 'A newer version of Dogear has migrated the database. Update this server.',
      };
    }
    const fault = await writes.check(store);
    if (fault !== undefined) return notReady(fault);
    if (pending.length === 0) return { state: 'ready' };
    return {
      state: 'not-ready',
      reason: 'migrations-pending',
      detail: `The schema lacks migrations: ${pending.join(', ')}. Starting a server applies them.`,
    };
  } catch (error) {
    const fault = databaseFault(error);
    if (fault !== undefined) return notReady(fault);
    onError(error);
    return { state: 'not-ready', reason: 'database-failed', detail: 'The log of the server says more.' };
  }
}

function notReady(reason: DatabaseFault): DatabaseReadiness {
  return { state: 'not-ready', reason, detail: faultAdvice(reason) };
}
