import { LoginThrottle, RegistrationThrottle } from './passwords/login-throttle.js';
import { PasswordCheck, type PasswordTurns } from './passwords/password-check.js';
import { KeyedHash } from './keyed-hash.js';
import { RejectedKeys } from './keys/rejected-keys.js';
import type { LoginChannel, LoginNews } from './login-news.js';
import { readCacheMark } from '../changes/cache-mark-repository.js';
import type { CachedKey } from './keys/api-key.js';
import { apiKeysByHash, saveKeysLastUsed } from './keys/api-key-repository.js';
import { canOwnerSignIn } from './sessions/owner-state.js';
import { saveSessionsLastUsed, sessionsBySecret } from './sessions/session-repository.js';
import type { Store } from '../database/store.js';
import type { ApiKeyId, SessionId } from '../domain/ids.js';
import { loginTextsOf } from './login-name.js';
import { usersByLogin } from './user-repository.js';
import {
  Authenticator,
  type CachedLogin,
  cachedLogin,
  type CachedSession,
  cachedSession,
} from './authenticate.js';
import { LastUsed } from './last-used.js';
import { MarkWatch } from '../batching/mark-watch.js';
import { ReadThroughCache } from '../batching/read-through-cache.js';

/** Keys in the cache: those of readers who have synced in the last minutes. An entry takes 400 bytes. */
const CACHED_KEYS = 50_000;
/** Users who sync with a password. An entry takes about a kilobyte. */
const CACHED_USERS = 20_000;
/** Browsers are few. */
const SESSION_ENTRIES = 2000;
/** A page asks for many things at once; whoever signs out, or changes a password, wants it to have an effect at once. */
const SESSION_TTL_MS = 1000;

/** What the threads of a server share, so that its limits hold for all of them together. */
export interface AccountSharing {
  /** 32 random bytes. With the same ones, the threads hash credentials alike and can tell each other about them. */
  readonly secret: Uint8Array;
  readonly turns: PasswordTurns;
  readonly channel: LoginChannel;
}

/**
 * Everything that one server thread keeps about users, API keys and sessions: their caches, the authenticator that uses them, and
 * the times of last use that are not written yet.
 */
export class Accounts {
  readonly store: Store;
  readonly passwords: PasswordCheck;
  readonly registrations: RegistrationThrottle;
  /** By the hash of their secret. */
  readonly keys: ReadThroughCache<CachedKey>;
  readonly users: ReadThroughCache<CachedLogin>;
  readonly sessions: ReadThroughCache<CachedSession>;
  readonly authenticator: Authenticator;
  readonly #ownerState: ReadThroughCache<{ readonly canSignIn: boolean }>;
  readonly #keysLastUsed: LastUsed<ApiKeyId>;
  readonly #sessionsLastUsed: LastUsed<SessionId>;

  /**
   * @param onError receives the error when the last use of API keys or sessions cannot be written. No request fails because of it
   * @param sharing absent: the server has one thread
   */
  constructor(store: Store, onError: (error: unknown) => void, sharing?: AccountSharing) {
    this.store = store;
    const tell = (news: LoginNews): void => sharing?.channel.send(news);
    const keyedHash = new KeyedHash(sharing?.secret);
    this.passwords = new PasswordCheck({ keyedHash, tell, ...(sharing && { turns: sharing.turns }) });
    this.registrations = new RegistrationThrottle(tell);
    const throttle = new LoginThrottle(tell);
    const rejectedKeys = new RejectedKeys(keyedHash);
    sharing?.channel.listen((news) => {
      switch (news.kind) {
        case 'failure':
        case 'success':
          throttle.hear(news);
          return;
        case 'registration':
          this.registrations.hear(news);
          return;
        case 'rejected-key':
          rejectedKeys.addHash(news.hash);
          return;
        case 'checked':
          this.passwords.hear(news);
          return;
        default:
          news satisfies never;
      }
    });
    const watch = new MarkWatch(() => readCacheMark(store, 'accounts'));
    this.keys = new ReadThroughCache({
      read: (secretHashes) => apiKeysByHash(store, secretHashes),
      entries: CACHED_KEYS,
      watch,
    });
    this.users = new ReadThroughCache({
      read: async (logins) => mapValues(await usersByLogin(store, logins), cachedLogin),
      entries: CACHED_USERS,
      watch,
    });
    this.sessions = new ReadThroughCache({
      read: async (hashes) => mapValues(await sessionsBySecret(store, hashes), cachedSession),
      entries: SESSION_ENTRIES,
      ttlMs: SESSION_TTL_MS,
    });
    this.#ownerState = new ReadThroughCache({
      read: async (names) => {
        const state = { canSignIn: await canOwnerSignIn(store) };
        return new Map(names.map((name) => [name, state]));
      },
      entries: 1,
    });
    this.#keysLastUsed = new LastUsed({
      write: (used, usedSeconds) => saveKeysLastUsed(store, used, usedSeconds),
      onError,
    });
    this.#sessionsLastUsed = new LastUsed({
      write: (used, usedSeconds) => saveSessionsLastUsed(store, [...used.keys()], usedSeconds),
      onError,
    });
    this.authenticator = new Authenticator({
      keys: this.keys,
      users: this.users,
      passwords: this.passwords,
      throttle,
      sessions: this.sessions,
      keysLastUsed: this.#keysLastUsed,
      sessionsLastUsed: this.#sessionsLastUsed,
      rejectedKeys,
      onRejectedKey: (hash) => tell({ kind: 'rejected-key', hash }),
    });
  }

  /**
   * Removes the user from the caches. Call it after a user was added or changed, so that it takes effect on this
   * thread at once; other servers see it when their entries expire. All keys and sessions are removed, because a
   * cached one holds its user.
   */
  forgetUser(name: string): void {
    for (const login of loginTextsOf(name)) this.users.invalidate(login);
    this.keys.invalidateAll();
    this.sessions.invalidateAll();
    this.#ownerState.invalidateAll();
  }

  /** Whether an owner can sign in to the console (sessions/owner-state.ts). Cached, because anybody may ask. */
  async canOwnerSignIn(): Promise<boolean> {
    return (await this.#ownerState.get('owner'))?.canSignIn === true;
  }

  /** Writes the last uses of API keys and sessions that are not written yet. */
  async close(): Promise<void> {
    await Promise.all([this.#keysLastUsed.close(), this.#sessionsLastUsed.close()]);
  }
}

function mapValues<From, To>(map: ReadonlyMap<string, From>, change: (value: From) => To): Map<string, To> {
  return new Map([...map].map(([key, value]) => [key, change(value)]));
}
