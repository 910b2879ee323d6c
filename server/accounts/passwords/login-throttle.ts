import { lruCache } from '../../batching/lru-cache.js';
import type { LoginNews } from '../login-news.js';

/**
 * Failed logins that are allowed in one window, from one client address and for one name. They must cover honest
 * mistakes: a reader with an old password tries again at every page turn, and a household or a whole school may share
 * one address.
 */
const ADDRESS_FAILURES = 100;
const NAME_FAILURES = 50;
/**
 * Failed logins that are allowed for one name from an address where the name is familiar. A reader sends one wrong key,
 * or a few while somebody types. More of them are guesses from behind the same gateway.
 */
const FAMILIAR_FAILURES = 5;
/** How long a name stays familiar at an address after a login. Two days, so that a reader used once a day stays familiar. */
const FAMILIAR_MS = 48 * 60 * 60 * 1000;
/**
 * Time after which a login makes its pair familiar anew. A busy reader logs in every few seconds; if each login were told to
 * the other threads, there would be no room in their messages for failures.
 */
const RENEWED_AFTER_MS = 60 * 60 * 1000;
/** Registrations that are allowed from one address in one window: a school may set up its readers in one lesson. */
const ADDRESS_REGISTRATIONS = 100;
/** The length of a window: failures are counted together for this long, and an address is throttled at most this long. */
const THROTTLE_WINDOW_SECONDS = 600;
/** The largest number of entries in each table, a few megabytes. Beyond it, the least recently used are dropped. */
const ENTRIES = 10_000;

/**
 * Counts failed logins by client address and by name, in memory. The threads of a server tell each other, so each counts
 * those of all; two that fail at the same moment in two threads may both be the last one that is allowed.
 *
 * A successful login does not reset a count: one valid reader behind a gateway must not allow a guesser behind the same
 * gateway to go on. But it makes the name familiar at the address. A familiar pair of name and address has a count of
 * its own, and it is throttled only when this count has reached its limit too. Otherwise anybody could lock a reader
 * out, by guessing at its name, or at other names from its gateway.
 */
export class LoginThrottle {
  readonly #byAddress = new WindowCounter(ADDRESS_FAILURES);
  readonly #byName = new WindowCounter(NAME_FAILURES);
  readonly #byFamiliar = new WindowCounter(FAMILIAR_FAILURES);
  /** Pairs of a network and a name that has logged in from there. */
  readonly #familiar = lruCache<string, true>(ENTRIES, { ttl: FAMILIAR_MS });

  readonly #tell: (news: LoginNews) => void;

  /** @param tell called with what other threads have to record, too; they do so with {@link hear} */
  constructor(tell: (news: LoginNews) => void = () => undefined) {
    this.#tell = tell;
  }

  /** @param name the account's name; `undefined` for API keys, whose failures are counted by address only */
  isThrottled(address: string, name: string | undefined): boolean {
    const network = networkOf(address);
    if (name === undefined) return this.#byAddress.isOver(network);
    const pair = pairOf(network, name);
    if (this.#familiar.has(pair) && !this.#byFamiliar.isOver(pair)) return false;
    return this.#byAddress.isOver(network) || this.#byName.isOver(name);
  }

  /** @returns whether it was counted: not when all its counts have reached their limits */
  recordFailure(address: string, name: string | undefined): boolean {
    const isCounted = this.#count(address, name);
    if (isCounted) this.#tell({ kind: 'failure', address, name });
    return isCounted;
  }

  /** Makes the name familiar at the address. */
  recordSuccess(address: string, name: string): void {
    const pair = pairOf(networkOf(address), name);
    // Among the last used, so that it is not the one that is dropped.
    const isFamiliar = this.#familiar.get(pair) === true;
    if (isFamiliar && this.#familiar.getRemainingTTL(pair) > FAMILIAR_MS - RENEWED_AFTER_MS) return;
    this.#makeFamiliar(address, name);
    this.#tell({ kind: 'success', address, name });
  }

  /** Records what another thread has recorded. */
  hear(news: Extract<LoginNews, { readonly kind: 'failure' | 'success' }>): void {
    if (news.kind === 'failure') this.#count(news.address, news.name);
    else this.#makeFamiliar(news.address, news.name);
  }

  #count(address: string, name: string | undefined): boolean {
    const network = networkOf(address);
    const isCountedByAddress = this.#byAddress.add(network);
    if (name === undefined) return isCountedByAddress;
    const isCountedByName = this.#byName.add(name);
    const pair = pairOf(network, name);
    const isCountedByPair = this.#familiar.has(pair) && this.#byFamiliar.add(pair);
    return isCountedByAddress || isCountedByName || isCountedByPair;
  }

  #makeFamiliar(address: string, name: string): void {
    this.#familiar.set(pairOf(networkOf(address), name), true);
  }
}

/**
 * Counts registrations by client address. Failed ones count too: each may cost a hash, and reveals whether a name is
 * taken.
 */
export class RegistrationThrottle {
  readonly #byAddress = new WindowCounter(ADDRESS_REGISTRATIONS);
  readonly #tell: (news: LoginNews) => void;

  /** @param tell as for {@link LoginThrottle} */
  constructor(tell: (news: LoginNews) => void = () => undefined) {
    this.#tell = tell;
  }

  /** Counts a registration. @returns `false` when the address has reached its limit; it is not counted then */
  admit(address: string): boolean {
    const isAdmitted = this.#byAddress.add(networkOf(address));
    if (isAdmitted) this.#tell({ kind: 'registration', address });
    return isAdmitted;
  }

  /** Counts one that another thread has admitted. */
  hear({ address }: Extract<LoginNews, { readonly kind: 'registration' }>): void {
    this.#byAddress.add(networkOf(address));
  }
}

/** Counts events by key, in windows of a fixed length. A window starts at the first event of its key. */
class WindowCounter {
  readonly #limit: number;
  readonly #counts = lruCache<string, { events: number }>(ENTRIES, { ttl: THROTTLE_WINDOW_SECONDS * 1000 });

  constructor(limit: number) {
    this.#limit = limit;
  }

  isOver(key: string): boolean {
    return (this.#counts.get(key)?.events ?? 0) >= this.#limit;
  }

  /** @returns `false` when the limit was reached before; it is not counted then */
  add(key: string): boolean {
    const count = this.#counts.get(key);
    if (count === undefined) this.#counts.set(key, { events: 1 });
    else if (count.events >= this.#limit) return false;
    else count.events++;
    return true;
  }
}

/** An IPv6 address counts as its /64 network: a client that has one address there can use all 2^64 of them. */
function networkOf(address: string): string {
  return address.includes(':') ? address.split(':').slice(0, 4).join(':') : address;
}

/** Unambiguous, because no network contains a space. */
function pairOf(network: string, name: string): string {
  return `${network} ${name}`;
}
