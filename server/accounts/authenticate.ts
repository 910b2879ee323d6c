import { type LoginCredentials, loginTextOf, throttledName } from './login-name.js';
import { hashOfSecret } from './keys/api-key-secret.js';
import type { LoginThrottle } from './passwords/login-throttle.js';
import type { RejectedKeys } from './keys/rejected-keys.js';
import type { PasswordAttempt, PasswordCheck } from './passwords/password-check.js';
import { type ApiKeyText, parseApiKeyText } from './keys/api-key-text.js';
import type { CachedKey } from './keys/api-key.js';
import { permissionsOfUser } from '../domain/permission.js';
import type { Principal } from '../domain/principal.js';
import { SyncError } from '../domain/sync-error.js';
import { secretSha256 } from './sessions/random-secret.js';
import { isLive, permissionsOfSession, type SessionWithUser } from './sessions/session.js';
import type { ApiKeyId, SessionId } from '../domain/ids.js';
import type { User } from './user.js';
import type { UserOfLogin } from './user-repository.js';
import type { LastUsed } from './last-used.js';
import type { ReadThroughCache } from '../batching/read-through-cache.js';

export interface CachedLogin extends UserOfLogin {
  /** Of `user`. */
  readonly principal: Principal | undefined;
}

export function cachedLogin({ user, isShared }: UserOfLogin): CachedLogin {
  const principal = user && principalOf(user, permissionsOfUser(user), undefined);
  return { user, isShared, principal };
}

/** A session with its principal. */
export interface CachedSession {
  readonly found: SessionWithUser;
  readonly principal: Principal;
}

export function cachedSession(found: SessionWithUser): CachedSession {
  const { session, user, key } = found;
  const principal = principalOf(user, permissionsOfSession(found), key?.id);
  return { found, principal: { ...principal, sessionId: session.id } };
}

function principalOf(
  user: User,
  permissions: Principal['permissions'],
  apiKeyId: Principal['apiKeyId'],
): Principal {
  return { userId: user.id, userName: user.name, permissions, isOwner: user.isOwner, apiKeyId };
}

export interface AuthenticatorOptions {
  /** API keys by the hash of their secret. */
  readonly keys: ReadThroughCache<CachedKey>;
  /** Users by the texts of loginTextOf(). */
  readonly users: ReadThroughCache<CachedLogin>;
  readonly passwords: PasswordCheck;
  readonly throttle: LoginThrottle;
  /** Sessions by the SHA-256 of their secrets in hex. */
  readonly sessions: ReadThroughCache<CachedSession>;
  readonly keysLastUsed: LastUsed<ApiKeyId>;
  readonly sessionsLastUsed: LastUsed<SessionId>;
  readonly rejectedKeys: RejectedKeys;
  /** Called with the keyed hash of a wrong API key that was counted as a failure. */
  readonly onRejectedKey: (hash: string) => void;
}

/** Where a request comes from. */
export interface RequestOrigin {
  /** May be a getter: it is read only when the cache cannot answer. */
  readonly clientAddress: string;
}

/**
 * Finds out who sent a request, by its API key, its account credentials or its session. The methods return the principal
 * itself instead of a promise when it is cached. That is the case for nearly every push of a fleet.
 *
 * Failures are counted by client address and, for accounts, also by name. A wrong secret that is sent again is not a
 * new guess and is not counted, because a reader sends its secret at every page turn.
 *
 * Valid credentials are never refused for the failures of others. An API key is always looked up, because that costs a
 * microsecond. A password key that was verified recently is accepted from the cache. Any other password key of a
 * throttled address or name is checked in a slow queue (passwords/password-check.ts), unless the user has logged in
 * from that address before (passwords/login-throttle.ts).
 *
 * They throw or reject with SyncError: `unauthorized`; `throttled` after too many failures; `overloaded` when
 * too many checks or reads are waiting; `unavailable` when the database does not answer.
 */
export class Authenticator {
  readonly #options: AuthenticatorOptions;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
  }

  /**
   * @param text the API key as it was sent, also when it is malformed
   * @param sinceMs arrival of the request, by `performance.now()`; its deadline counts from then. Default: now
   */
  byApiKey(text: string, origin: RequestOrigin, sinceMs?: number): Principal | Promise<Principal> {
    const presented = parseApiKeyText(text);
    if (presented === undefined) throw this.#wrongKey(text, origin.clientAddress);
    const known = this.#options.keys.peek(hashOfSecret(presented.secret));
    if (known !== undefined && isKey(presented, known)) return this.#accept(known);
    return this.#byUncachedApiKey(presented, text, origin.clientAddress, sinceMs);
  }

  /** @param credentials `undefined`: the request has none, or they are malformed */
  byAccount(
    credentials: LoginCredentials | undefined,
    origin: RequestOrigin,
  ): Principal | Promise<Principal> {
    // Not a guess, so not counted: readers send such requests before anybody has logged in.
    if (credentials === undefined) throw new SyncError('unauthorized', 'No user name or no key was sent.');
    const known = this.#options.users.peek(loginTextOf(credentials));
    const account = accountOf(known?.user);
    if (known?.principal !== undefined && account !== undefined) {
      if (this.#options.passwords.isVerified(account, credentials.key)) return known.principal;
    }
    return this.#byUncachedAccount(credentials, origin.clientAddress);
  }

  #byUncachedApiKey(
    presented: ApiKeyText,
    text: string,
    address: string,
    sinceMs: number | undefined,
  ): Promise<Principal> {
    return this.#options.keys.readFresh(hashOfSecret(presented.secret), sinceMs).then((known) => {
      if (known !== undefined && isKey(presented, known)) return this.#accept(known);
      throw this.#wrongKey(text, address);
    });
  }

  async #byUncachedAccount(credentials: LoginCredentials, address: string): Promise<Principal> {
    const known = await this.#options.users.readFresh(loginTextOf(credentials));
    const name = throttledName(credentials);
    const isThrottled = this.#options.throttle.isThrottled(address, name);
    const verdict = await this.#options.passwords.check({
      name: loginTextOf(credentials),
      user: accountOf(known?.user),
      key: credentials.key,
      isThrottled,
    });
    switch (verdict) {
      case 'match':
        if (known?.principal === undefined) break;
        this.#options.throttle.recordSuccess(address, name);
        return known.principal;
      case 'mismatch':
        break;
      case 'mismatch-again':
        throw refusalOf(known);
      case 'busy':
        if (isThrottled) throw throttled();
        throw new SyncError('overloaded', 'Too many logins are waiting to be checked.');
      default:
        return verdict satisfies never;
    }
    throw this.#failure(address, name, refusalOf(known));
  }

  /** @param secret the value of the cookie, also when it is malformed. A session that has ended is `unauthorized` */
  bySession(secret: string, origin: RequestOrigin): Principal | Promise<Principal> {
    const hash = secretSha256(secret)?.toString('hex');
    if (hash === undefined) throw this.#unknownSession(secret, origin.clientAddress);
    const known = this.#options.sessions.peek(hash);
    if (known !== undefined) return this.#acceptSession(known);
    return this.#byUncachedSession(hash, secret, origin.clientAddress);
  }

  /** Counts a secret that leads nowhere, such as that of a link, as a failed login. @returns what to throw */
  wrongSecret(text: string, { clientAddress }: RequestOrigin): SyncError {
    return this.#wrongKey(text, clientAddress);
  }

  async #byUncachedSession(hash: string, secret: string, address: string): Promise<Principal> {
    const known = await this.#options.sessions.readFresh(hash);
    if (known === undefined) throw this.#unknownSession(secret, address);
    return this.#acceptSession(known);
  }

  /** Not counted as a failure: whoever has the right secret is not guessing. */
  #acceptSession({ found, principal }: CachedSession): Principal {
    if (!isLive(found)) throw sessionEnded();
    this.#options.sessionsLastUsed.record(found.session.id, principal.userId, found.session.lastUsedSeconds);
    return principal;
  }

  /** Never `throttled`: the browser has to learn that it must sign in again, and a guess costs one look-up. */
  #unknownSession(secret: string, address: string): SyncError {
    this.#wrongKey(secret, address);
    return sessionEnded();
  }

  /** Refusals here are not counted as failures: whoever has the right secret is not guessing. */
  #accept({ expiresSeconds, lastUsedSeconds, isRefused, principal }: CachedKey): Principal {
    const isExpired = expiresSeconds !== undefined && Date.now() >= expiresSeconds * 1000;
    if (isRefused || isExpired) throw invalidCredentials();
    this.#options.keysLastUsed.record(principal.apiKeyId, principal.userId, lastUsedSeconds);
    return principal;
  }

  #wrongKey(text: string, address: string): SyncError {
    const hash = this.#options.rejectedKeys.add(text);
    const refusal = invalidCredentials();
    return hash === undefined ? refusal : this.#failure(address, undefined, refusal, hash);
  }

  #failure(address: string, name: string | undefined, refusal: SyncError, keyHash?: string): SyncError {
    const { throttle } = this.#options;
    const wasThrottled = throttle.isThrottled(address, name);
    const isCounted = throttle.recordFailure(address, name);
    if (isCounted && keyHash !== undefined) this.#options.onRejectedKey(keyHash);
    return wasThrottled ? throttled() : refusal;
  }
}

/** The secret of a key of the older form does not make a key of a wrong prefix. */
function isKey({ prefix }: ApiKeyText, known: CachedKey): boolean {
  return known.prefix === prefix;
}

function sessionEnded(): SyncError {
  return new SyncError('unauthorized', 'The session has ended. Sign in again.');
}

function invalidCredentials(): SyncError {
  return new SyncError('unauthorized', 'These credentials are not valid.');
}

/** Of a name that may be another one whose ends were cut. Its owner must hear why the right password does not help. */
function refusalOf(login: UserOfLogin | undefined): SyncError {
  if (login?.isShared !== true) return invalidCredentials();
  return new SyncError('name-cut', 'The names of several users arrive like this one.');
}

function throttled(): SyncError {
  return new SyncError('throttled', 'Too many failed logins. Try again later.');
}

/** @returns `undefined` for a user who cannot log in with a password */
function accountOf(user: User | undefined): PasswordAttempt['user'] {
  if (user?.passwordHash === undefined || user.isDisabled) return undefined;
  return { id: user.id, passwordHash: user.passwordHash };
}
