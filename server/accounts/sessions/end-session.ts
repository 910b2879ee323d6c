import type { Store } from '../../database/store.js';
import { DogearError } from '../../domain/dogear-error.js';
import type { SessionId } from '../../domain/ids.js';
import type { Principal } from '../../domain/principal.js';
import { deleteSessions } from './session-repository.js';

/**
 * Ends a session of the caller. A caller with an API key, or with a session that was begun with one, ends only sessions of
 * that key.
 *
 * A server must clear `Accounts.sessions` afterwards, also after the function below.
 *
 * @throws DogearError `session-not-found`
 */
export async function endSession(store: Store, caller: Principal, id: SessionId): Promise<void> {
  if ((await deleteSessions(store, caller, id)) > 0) return;
  throw new DogearError('session-not-found', `You have no session ${String(id)}.`);
}

/** Ends all sessions that the caller may end, that of the request included. */
export async function endAllSessions(store: Store, caller: Principal): Promise<void> {
  await deleteSessions(store, caller);
}
