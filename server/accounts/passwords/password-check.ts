import { availableParallelism } from 'node:os';
import type { UserId } from '../../domain/ids.js';
import { KeyedHash } from '../keyed-hash.js';
import type { LoginNews } from '../login-news.js';
import type { PasswordKey } from './password-key.js';
import { CredentialCache } from './credential-cache.js';
import { hashPasswordKey, NOBODYS_HASH, passwordKeyMatches } from './scrypt-hash.js';
import { ConcurrencyLimit } from './concurrency-limit.js';
import type { SharedTurns } from './shared-turns.js';

/**
 * scrypt runs on libuv's thread pool. The pool has four threads, and file access and DNS look-ups need it too. One core
 * stays free for answering requests.
 */
const CHECKS_AT_ONCE = Math.min(3, Math.max(1, availableParallelism() - 1));
/** A check takes 40 ms, so the last one in the queue waits some 1.3 s. Readers give up after two seconds. */
const CHECKS_WAITING = 32 * CHECKS_AT_ONCE;
/** Two checks a second for all throttled clients together; with two of them waiting, none waits longer than 1.5 s. */
const THROTTLED_PAUSE_MS = 500;
const THROTTLED_WAITING = 2;
/**
 * A reader that syncs once a day is not checked again, and failed logins of others at its gateway do not affect it.
 * This is not how long an old password stays valid after a change: an entry is valid only for the hash that is stored
 * now.
 */
const VERIFIED_TTL_MS = 24 * 60 * 60 * 1000;
/** A reader that keeps an old password costs one check and one failure an hour, instead of one at each page turn. */
const FAILED_TTL_MS = 60 * 60 * 1000;

/** Registrations have their own queue, so that they never delay logins. The last one waits half a second. */
const REGISTRATIONS_WAITING = 8;

export interface PasswordAttempt {
  /** The user name as it was sent. */
  readonly name: string;
  /** `undefined`: no user has this name, or the user cannot log in with a password. Never matches, costs the same. */
  readonly user: { readonly id: UserId; readonly passwordHash: string } | undefined;
  readonly key: PasswordKey;
  /** Whether failed logins have exceeded their limit, so that the attempt is checked slowly. */
  readonly isThrottled: boolean;
}

/**
 * `mismatch-again`: the same credentials failed recently, or are being checked for another request. Not a new guess.
 * `busy`: the queue is full, and nothing was checked.
 */
export type PasswordVerdict = 'match' | 'mismatch' | 'mismatch-again' | 'busy';

/** What the password checks of several threads share. */
export interface PasswordCheckOptions {
  readonly keyedHash?: KeyedHash;
  /** Each limits the checks of all threads together. By default each limits those of this object. */
  readonly turns?: PasswordTurns;
  /** Called after each check, with what other threads have to {@link PasswordCheck.hear}. */
  readonly tell?: (news: CheckedNews) => void;
}

export interface PasswordTurns {
  readonly logins: SharedTurns;
  readonly throttledLogins: SharedTurns;
  readonly registrations: SharedTurns;
}

type CheckedNews = Extract<LoginNews, { readonly kind: 'checked' }>;

/**
 * Checks password keys with a bounded amount of scrypt work. Credentials that were verified or that failed recently
 * need none, and the same credentials on many connections at once are checked once.
 *
 * A throttled attempt is not refused outright, because it may be a valid push from behind the same gateway, or for a
 * name that somebody else is guessing at. It is checked in a queue of its own that is so slow that guessing through it
 * is hopeless, and it is refused as `busy` only when that queue is full.
 */
export class PasswordCheck {
  readonly #keyedHash: KeyedHash;
  readonly #tell: (news: CheckedNews) => void;
  readonly #verified = new CredentialCache({ ttlMs: VERIFIED_TTL_MS, expiration: 'sliding' });
  /** Holds failures of unknown names too: otherwise a slower second answer would tell that a name is unknown. */
  readonly #failed = new CredentialCache({ ttlMs: FAILED_TTL_MS, expiration: 'absolute' });
  readonly #limit: ConcurrencyLimit;
  readonly #throttledLimit: ConcurrencyLimit;
  readonly #registrationLimit: ConcurrencyLimit;
  readonly #inFlight = new Map<string, Promise<boolean>>();

  constructor({ keyedHash = new KeyedHash(), turns, tell = () => undefined }: PasswordCheckOptions = {}) {
    this.#keyedHash = keyedHash;
    this.#tell = tell;
    this.#limit = new ConcurrencyLimit({
      concurrency: CHECKS_AT_ONCE,
      maxWaiting: CHECKS_WAITING,
      turns: turns?.logins,
    });
    this.#throttledLimit = new ConcurrencyLimit({
      concurrency: 1,
      maxWaiting: THROTTLED_WAITING,
      pauseMs: THROTTLED_PAUSE_MS,
      turns: turns?.throttledLogins,
    });
    this.#registrationLimit = new ConcurrencyLimit({
      concurrency: 1,
      maxWaiting: REGISTRATIONS_WAITING,
      turns: turns?.registrations,
    });
  }

  /** Whether these credentials were verified within the last day. `false`: only {@link check} can tell. */
  isVerified(user: NonNullable<PasswordAttempt['user']>, key: PasswordKey): boolean {
    return this.#verified.has(this.#credentialsOf(user.id, key), user.passwordHash);
  }

  /** The number of credentials that were verified recently. */
  get verifiedCount(): number {
    return this.#verified.size;
  }

  /** Checks a password key, from the caches or with scrypt. Rejects only when scrypt itself fails. */
  async check({ name, user, key, isThrottled }: PasswordAttempt): Promise<PasswordVerdict> {
    const storedHash = user?.passwordHash ?? NOBODYS_HASH;
    // Two unknown names must not share a check: it would be faster than the checks of two known names.
    const credentials =
      user === undefined ? this.#keyedHash.of('name', name, key) : this.#credentialsOf(user.id, key);
    if (user !== undefined && this.#verified.has(credentials, storedHash)) return 'match';
    if (this.#failed.has(credentials, storedHash)) return 'mismatch-again';
    const flight = `${credentials}${storedHash}`;
    const inFlight = this.#inFlight.get(flight);
    if (inFlight !== undefined) return (await inFlight) ? 'match' : 'mismatch-again';
    const limit = isThrottled ? this.#throttledLimit : this.#limit;
    const started = limit.tryRun(() => passwordKeyMatches(key, storedHash));
    if (started === undefined) return 'busy';
    const matches = started.finally(() => this.#inFlight.delete(flight));
    this.#inFlight.set(flight, matches);
    const news = { kind: 'checked', credentials, storedHash, matches: await matches } as const;
    this.hear(news);
    this.#tell(news);
    return news.matches ? 'match' : 'mismatch';
  }

  /** Keeps the outcome of a check, of this thread or another one. */
  hear({ credentials, storedHash, matches }: CheckedNews): void {
    if (matches) this.#verified.add(credentials, storedHash);
    else this.#failed.add(credentials, storedHash);
  }

  /** Hashes a new password, in the queue of the logins. @returns `undefined` at once when the queue is full */
  hash(key: PasswordKey): Promise<string> | undefined {
    return this.#limit.tryRun(() => hashPasswordKey(key));
  }

  /** Hashes the password of a new account, in the queue of registrations. @returns `undefined` when it is full */
  hashForRegistration(key: PasswordKey): Promise<string> | undefined {
    return this.#registrationLimit.tryRun(() => hashPasswordKey(key));
  }

  #credentialsOf(id: UserId, key: PasswordKey): string {
    return this.#keyedHash.of('user', String(id), key);
  }
}
