import type { RequestOrigin } from '../accounts/authenticate.js';
import type { Accounts } from '../accounts/accounts.js';
import type { Principal } from '../domain/principal.js';
import { SyncError } from '../domain/sync-error.js';
import type { ConsoleAccess } from './console-access.js';
import type { HttpRequest } from './request.js';

interface Authenticating {
  readonly accounts: Pick<Accounts, 'authenticator'>;
}

/**
 * The owner of the API key in `Authorization: Bearer …` (RFC 6750), and what the key permits.
 *
 * @throws SyncError `unauthorized`, `throttled`, `overloaded`, `unavailable`
 */
export async function apiPrincipal(
  { accounts }: Authenticating,
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

const BEARER = /^bearer(?: |$)/i;

/** Finds out who the request is from, also again: a stream may last for hours, and its session or API key may end. */
export type FindPrincipal = () => Promise<Principal>;

/**
 * Who sent a request of the management API: by its API key, or by the session in its cookie, which a page of the console
 * sends. A request with an API key never counts as one of a browser. Other `Authorization` counts for nothing: a browser sends
 * it along where a proxy asks for a password of its own.
 *
 * @throws ProblemError `host-unknown`, `origin-refused`, `content-type-refused` for a cookie that came from elsewhere
 */
export function principalFinder(
  { accounts, console }: Authenticating & { readonly console: ConsoleAccess | undefined },
  request: HttpRequest,
): FindPrincipal {
  const authorization = request.header('authorization');
  const secret = BEARER.test(authorization ?? '') ? undefined : console?.secretOf(request);
  if (secret === undefined) return () => apiPrincipal({ accounts }, authorization, request);
  console?.requireOwnPage(request);
  return async () => accounts.authenticator.bySession(secret, request);
}
