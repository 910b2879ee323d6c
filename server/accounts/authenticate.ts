import type { AccountCredentials } from './passwords/basic-credentials.js';
import { secretMatches } from './keys/api-key-secret.js';
import type { LoginThrottle } from './passwords/login-throttle.js';
import { TriedKeys } from './passwords/tried-keys.js';
import type { PasswordAttempt, PasswordCheck } from './passwords/password-check.js';
import { type ApiKeyText, parseApiKeyText } from './keys/api-key-text.js';
import type { ApiKey, ApiKeyWithUser } from './keys/api-key.js';
import { permissionsOfKey, permissionsOfUser } from '../domain/permission.js';
import type { Principal } from '../domain/principal.js';
import { SyncError } from '../batching/sync-error.js';
import type { User } from './user.js';
import type { ApiKeyLastUsed } from './keys/key-last-used.js';
import type { ReadThroughCache } from '../batching/read-through-cache.js';

/** An API key with the decision that it comes to, worked out once for each read. */
export interface CachedKey {
  readonly key: ApiKey;
  readonly user: User;
  readonly principal: Principal;
}

export function cachedKey({ key, user }: ApiKeyWithUser): CachedKey {
  const permissions = permissionsOfKey(key.permissions, user);
  return { key, user, principal: principalOf(user, permissions, key.id) };
}

export interface CachedUser {
  readonly user: User;
  readonly principal: Principal;
}

export function cachedUser(user: User): CachedUser {
  return { user, principal: principalOf(user, permissionsOfUser(user), undefined) };
}

function principalOf(
  user: User,
  permissions: Principal['permissions'],
  apiKeyId: Principal['apiKeyId'],
): Principal {
  return { userId: user.id, userName: user.name, permissions, isOwner: user.isOwner, apiKeyId };
}

export interface AuthenticatorOptions {
  /** By visible prefix. */
  readonly keys: ReadThroughCache<CachedKey>;
  /** By name. */
  readonly users: ReadThroughCache<CachedUser>;
  readonly passwords: PasswordCheck;
  readonly throttle: LoginThrottle;
  readonly keyUses: ApiKeyLastUsed;
}

/** Where a request comes from. Read only when a login is about to fail or to cost something. */
export interface Origin {
  readonly clientAddress: string;
}

/**
 * Tells who sent a request. Both ways answer at once, without a promise, when everything needed is remembered: that
 * is nearly every push of a fleet.
 *
 * Failures are counted by client address and, for accounts, by name; the same wrong secret again is no new guess and
 * counts nothing, because a reader sends what it has at every turn of a page. Credentials that are right are never
 * throttled: API keys cost a microsecond and are always compared; a password key that was verified lately is recognised
 * for free; any other is checked in a slow lane while its address or name is throttled (auth/password-check.ts), unless
 * its name logged in from there before (auth/login-throttle.ts).
 *
 * Both throw, or reject with, SyncError `unauthorized`, `throttled`, `overloaded`, `unavailable`.
 */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #triedKeys = new TriedKeys();

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
  }

  byApiKey(text: string, origin: Origin): Principal | Promise<Principal> {
    const presented = parseApiKeyText(text);
    if (presented === undefined) throw this.#wrongKey(text, origin.clientAddress);
    const known = this.#options.keys.peek(presented.prefix);
    if (known !== undefined && secretMatches(presented.secret, known.key.secretSha256))
      return this.#accept(known);
    return this.#byApiKeyAnew(presented, text, origin.clientAddress);
  }

  /** @param credentials `undefined`: none were sent, or none that can be right */
  byAccount(credentials: AccountCredentials | undefined, origin: Origin): Principal | Promise<Principal> {
    // Nothing was tried, so nothing is counted: readers ask before anybody has logged in.
    if (credentials === undefined) throw new SyncError('unauthorized', 'No user name or no key was sent.');
    const known = this.#options.users.peek(credentials.name);
    const account = known === undefined ? undefined : accountOf(known.user);
    if (known !== undefined && account !== undefined) {
      if (this.#options.passwords.isRemembered(account, credentials.key)) return known.principal;
    }
    return this.#byAccountAnew(credentials, origin.clientAddress);
  }

  async #byApiKeyAnew(presented: ApiKeyText, text: string, address: string): Promise<Principal> {
    const known = await this.#options.keys.readFresh(presented.prefix);
    if (known !== undefined && secretMatches(presented.secret, known.key.secretSha256))
      return this.#accept(known);
    throw this.#wrongKey(text, address);
  }

  async #byAccountAnew({ name, key }: AccountCredentials, address: string): Promise<Principal> {
    const known = await this.#options.users.readFresh(name);
    const account = known === undefined ? undefined : accountOf(known.user);
    const isThrottled = this.#options.throttle.isThrottled(address, name);
    const verdict = await this.#options.passwords.check({ name, user: account, key, isThrottled });
    switch (verdict) {
      case 'match':
        if (known === undefined) break;
        this.#options.throttle.recordSuccess(address, name);
        return known.principal;
      case 'mismatch':
        break;
      case 'mismatch-again':
        throw unauthorized();
      case 'busy':
        if (isThrottled) throw throttled();
        throw new SyncError('overloaded', 'Too many logins are waiting to be checked.');
      default:
        return verdict satisfies never;
    }
    throw this.#failure(address, name);
  }

  /** The secret is right, so nobody is guessing: what is refused here is not counted. */
  #accept({ key, user, principal }: CachedKey): Principal {
    const isExpired = key.expiresSeconds !== undefined && Date.now() >= key.expiresSeconds * 1000;
    if (key.isRevoked || user.isDisabled || isExpired) throw unauthorized();
    this.#options.keyUses.note(key.id, key.lastUsedSeconds);
    return principal;
  }

  #wrongKey(text: string, address: string): SyncError {
    return this.#triedKeys.note(text) ? unauthorized() : this.#failure(address, undefined);
  }

  #failure(address: string, name: string | undefined): SyncError {
    const { throttle } = this.#options;
    const wasThrottled = throttle.isThrottled(address, name);
    throttle.recordFailure(address, name);
    return wasThrottled ? throttled() : unauthorized();
  }
}

function unauthorized(): SyncError {
  return new SyncError('unauthorized', 'These credentials are not valid.');
}

function throttled(): SyncError {
  return new SyncError('throttled', 'Too many failed logins. Try again later.');
}

/** `undefined` for users that cannot log in with a password. */
function accountOf({ id, passwordHash, isDisabled }: User): PasswordAttempt['user'] {
  return passwordHash === undefined || isDisabled ? undefined : { id, passwordHash };
}
