import type { Store } from '../../database/store.js';
import { type Page, pageOf, type PageRequest } from '../../domain/page.js';
import type { SessionId } from '../../domain/ids.js';
import type { Principal } from '../../domain/principal.js';
import { findUserById } from '../user-repository.js';
import { idleSinceSeconds, passwordSha256, type SessionSummary } from './session.js';
import { sessionsPage } from './session-repository.js';

/**
 * A page of the caller's sessions that have not ended, oldest first. A caller with an API key, or with a session that was
 * begun with one, sees only sessions of that key.
 *
 * @param after the id of the last session of the previous page
 */
export async function listSessions(
  store: Store,
  caller: Principal,
  { after, limit }: PageRequest<SessionId>,
): Promise<Page<SessionSummary, SessionId>> {
  const user = await findUserById(store, caller.userId);
  if (user === undefined) return { items: [], next: undefined };
  const live = { passwordSha256: passwordSha256(user), usedSinceSeconds: idleSinceSeconds() };
  const rows = await sessionsPage(store, caller, live, { afterId: after, limit: limit + 1 });
  return pageOf(rows, limit, ({ id }) => id);
}
