import type { Store } from '../../database/store.js';
import type { SessionId } from '../../domain/ids.js';
import type { Principal } from '../../domain/principal.js';
import { deleteSessions } from './session-repository.js';

/**
 * Ends a session of the caller. A caller with an API key, or with a session that was begun with one, ends only sessions of
 * that key.
 *
 * @returns whether the caller had this session. A server must clear `Accounts.sessions` then, also after the function below
 */
export async function endSession(store: Store, caller: Principal, id: SessionId): Promise<boolean> {
  return (await deleteSessions(store, caller, id)) > 0;
}

/** Ends all sessions that the caller may end, that of the request included. @returns whether there were any */
export async function endAllSessions(store: Store, caller: Principal): Promise<boolean> {
  return (await deleteSessions(store, caller)) > 0;
}
