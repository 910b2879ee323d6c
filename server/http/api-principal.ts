import type { Origin } from '../accounts/authenticate.js';
import type { Management } from './management.js';
import type { Principal } from '../domain/principal.js';
import { SyncError } from '../batching/sync-error.js';

/**
 * Who sent the API key in `Authorization: Bearer …` (RFC 6750).
 *
 * @throws SyncError `unauthorized`, `throttled`, `overloaded`, `unavailable`
 */
export async function apiPrincipal(
  { accounts }: Pick<Management, 'accounts'>,
  authorization: string | undefined,
  origin: Origin,
): Promise<Principal> {
  const key = /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
  // Nothing was tried, so nothing is counted against the address.
  if (key === undefined) {
    throw new SyncError('unauthorized', 'Send an API key as "Authorization: Bearer dogear_…".');
  }
  return accounts.authenticator.byApiKey(key, origin);
}
