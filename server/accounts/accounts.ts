import { LoginThrottle, RegistrationThrottle } from './passwords/login-throttle.js';
import { PasswordCheck } from './passwords/password-check.js';
import { apiKeysByPrefix, saveKeysLastUsed } from './keys/api-key-repository.js';
import type { Store } from '../database/store.js';
import { usersByName } from './user-repository.js';
import { Authenticator, type CachedKey, cachedKey, type CachedUser, cachedUser } from './authenticate.js';
import { ApiKeyLastUsed } from './keys/key-last-used.js';
import { ReadThroughCache } from '../batching/read-through-cache.js';

/** Keys and users that are active at the moment, at about a kilobyte each. */
const CACHED = 20_000;

/** Users and keys as a server sees them: what it remembers of them, and what must be forgotten when they change. */
export class Accounts {
  readonly store: Store;
  readonly passwords = new PasswordCheck();
  readonly registrations = new RegistrationThrottle();
  readonly keys: ReadThroughCache<CachedKey>;
  readonly users: ReadThroughCache<CachedUser>;
  readonly authenticator: Authenticator;
  readonly #keyUses: ApiKeyLastUsed;

  /** @param onError is told when the last use of keys could not be written, which fails no request */
  constructor(store: Store, onError: (error: unknown) => void) {
    this.store = store;
    this.keys = new ReadThroughCache({
      read: async (prefixes) => mapValues(await apiKeysByPrefix(store, prefixes), cachedKey),
      entries: CACHED,
    });
    this.users = new ReadThroughCache({
      read: async (names) => mapValues(await usersByName(store, names), cachedUser),
      entries: CACHED,
    });
    this.#keyUses = new ApiKeyLastUsed({
      write: (keys, usedSeconds) => saveKeysLastUsed(store, keys, usedSeconds),
      onError,
    });
    this.authenticator = new Authenticator({
      keys: this.keys,
      users: this.users,
      passwords: this.passwords,
      throttle: new LoginThrottle(),
      keyUses: this.#keyUses,
    });
  }

  /** After a change to a user made through this server, which need not wait: the user's keys change with it. */
  forgetUser(name: string): void {
    this.users.invalidate(name);
    this.keys.invalidateAll();
  }

  /** Writes what is still to be written. */
  close(): Promise<void> {
    return this.#keyUses.close();
  }
}

function mapValues<From, To>(map: ReadonlyMap<string, From>, change: (value: From) => To): Map<string, To> {
  return new Map([...map].map(([key, value]) => [key, change(value)]));
}
