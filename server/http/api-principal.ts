import type { RequestOrigin } from '../accounts/authenticate.js';
import type { Accounts } from '../accounts/accounts.js';
import type { Principal } from '../domain/principal.js';
import { SyncError } from '../domain/sync-error.js';

/**
 * The owner of the API key in `Authorization: Bearer …` (RFC 6750), and what the key permits.
 *
 * @throws SyncError `unauthorized`, `throttled`, `overloaded`, `unavailable`
 */
export async function apiPrincipal(
  { accounts }: { readonly accounts: Pick<Accounts, 'authenticator'> },
  authorization: string | undefined,
  origin: RequestOrigin,
): Promise<Principal> {
  const key = /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
  // A request without a key is no failed login: it does not count against the client's address.
  if (key === undefined) {
    throw new SyncError('unauthorized', 'Send an API key as "Authorization: Bearer KEY".');
  }
  return accounts.authenticator.byApiKey(key, origin);
}
