import { availableParallelism } from 'node:os';
import type { UserId } from '../../domain/ids.js';
import { KeyedHash } from './keyed-hash.js';
import type { PasswordKey } from './password-key.js';
import { RememberedPairs } from './remembered-pairs.js';
import { hashPasswordKey, NOBODYS_HASH, passwordKeyMatches } from './scrypt-hash.js';
import { ConcurrencyLimit } from './concurrency-limit.js';

/** One core stays free for answering; libuv has four threads, of which files and name look-ups need some too. */
const CHECKS_AT_ONCE = Math.min(3, Math.max(1, availableParallelism() - 1));
/** At 40 ms a check, whoever is at the end of the queue waits some 1.3 s: within a reader's patience of two. */
const CHECKS_WAITING = 32 * CHECKS_AT_ONCE;
/** While throttled: two checks a second for all throttled clients together, and nobody waits longer than 1.5 s. */
const THROTTLED_PAUSE_MS = 500;
const THROTTLED_WAITING = 2;
/**
 * A reader that syncs once a day is not checked again, and does not depend on what others do at its gateway. What is
 * remembered counts only for the hash that is stored now, so this is not how long a password outlives its change.
 */
const VERIFIED_MS = 24 * 60 * 60 * 1000;
/** A reader that keeps an old password costs one check and one failure an hour, not one at each turn of a page. */
const FAILED_MS = 60 * 60 * 1000;

/** Strangers' registrations never take a core from logins; whoever is at the end of the queue waits half a second. */
const REGISTRATIONS_WAITING = 8;

export interface PasswordAttempt {
  /** As it was sent. */
  readonly name: string;
  /** `undefined`: there is no such user, or it has no password. Costs the same and never matches. */
  readonly user: { readonly id: UserId; readonly passwordHash: string } | undefined;
  readonly key: PasswordKey;
  readonly isThrottled: boolean;
}

/** `mismatch-again`: the same pair was wrong lately, or is being checked for somebody else. Not a new guess. */
export type PasswordVerdict = 'match' | 'mismatch' | 'mismatch-again' | 'busy';

/**
 * Checks password keys with bounded scrypt work. Who was verified lately is recognised without any, and so is who was
 * refused lately; the same pair arriving on many connections is checked once.
 *
 * A throttled attempt is not refused outright, because it may be a valid push from behind the same gateway, or for a
 * name that somebody else is guessing at: it goes through a lane of its own, so slow that guessing through it is
 * hopeless, and is refused as busy only when that lane is full.
 */
export class PasswordCheck {
  readonly #keyedHash = new KeyedHash();
  readonly #verified = new RememberedPairs({ rememberedMs: VERIFIED_MS, isRenewedByUse: true });
  /** Those of names that nobody has among them, so that their answers are as fast as others. */
  readonly #failed = new RememberedPairs({ rememberedMs: FAILED_MS, isRenewedByUse: false });
  readonly #lane = new ConcurrencyLimit({ concurrency: CHECKS_AT_ONCE, maxWaiting: CHECKS_WAITING });
  readonly #throttledLane = new ConcurrencyLimit({
    concurrency: 1,
    maxWaiting: THROTTLED_WAITING,
    pauseMs: THROTTLED_PAUSE_MS,
  });
  readonly #registrationLane = new ConcurrencyLimit({ concurrency: 1, maxWaiting: REGISTRATIONS_WAITING });
  readonly #underWay = new Map<string, Promise<boolean>>();

  /** Answers at once from memory; `false` means that only `check` can tell. */
  isRemembered(user: NonNullable<PasswordAttempt['user']>, key: PasswordKey): boolean {
    return this.#verified.has(this.#pairOfUser(user.id, key), user.passwordHash);
  }

  /** Pairs of user and key that were verified lately. */
  get remembered(): number {
    return this.#verified.size;
  }

  async check({ name, user, key, isThrottled }: PasswordAttempt): Promise<PasswordVerdict> {
    const storedHash = user?.passwordHash ?? NOBODYS_HASH;
    // Names that nobody has must not share their checks either: that would tell them from those that somebody has.
    const pair = user === undefined ? this.#keyedHash.of('name', name, key) : this.#pairOfUser(user.id, key);
    if (user !== undefined && this.#verified.has(pair, storedHash)) return 'match';
    if (this.#failed.has(pair, storedHash)) return 'mismatch-again';
    const flight = `${pair}${storedHash}`;
    const underWay = this.#underWay.get(flight);
    if (underWay !== undefined) return (await underWay) ? 'match' : 'mismatch-again';
    const lane = isThrottled ? this.#throttledLane : this.#lane;
    const started = lane.tryRun(() => passwordKeyMatches(key, storedHash));
    if (started === undefined) return 'busy';
    const matches = started.finally(() => this.#underWay.delete(flight));
    this.#underWay.set(flight, matches);
    if (await matches) {
      this.#verified.add(pair, storedHash);
      return 'match';
    }
    this.#failed.add(pair, storedHash);
    return 'mismatch';
  }

  /** Hashes a new password within the same bounds. @returns `undefined` when too many wait */
  hash(key: PasswordKey): Promise<string> | undefined {
    return this.#lane.tryRun(() => hashPasswordKey(key));
  }

  /** As `hash`, for somebody whom nobody knows yet. */
  hashOfNewcomer(key: PasswordKey): Promise<string> | undefined {
    return this.#registrationLane.tryRun(() => hashPasswordKey(key));
  }

  #pairOfUser(id: UserId, key: PasswordKey): string {
    return this.#keyedHash.of('user', String(id), key);
  }

  /** For metrics. */
  status(): { readonly remembered: number; readonly waiting: number } {
    return { remembered: this.#verified.size, waiting: this.#lane.waiting + this.#throttledLane.waiting };
  }
}
