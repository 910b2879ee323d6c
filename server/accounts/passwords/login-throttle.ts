import { LRUCache } from 'lru-cache';

/**
 * Failures of one client address, or for one name, that are taken for mistakes: a reader with an old password tries at
 * every turn of a page, and a household or a whole school may come from one address.
 */
const ADDRESS_FAILURES = 100;
const NAME_FAILURES = 50;
/**
 * Wrong keys for one name from an address where that name has logged in lately. A reader sends one wrong key, or a few
 * when somebody types; beyond, it is somebody behind the same gateway who guesses.
 */
const FAMILIAR_FAILURES = 5;
/** How long an address stays familiar after a login from there: a reader that is used once a day stays so. */
const FAMILIAR_MS = 48 * 60 * 60 * 1000;
/** Registrations from one client address: a school may set its readers up in one lesson. */
const ADDRESS_REGISTRATIONS = 100;
/** How long failures are counted together, and so how long the throttle lasts at most. */
export const THROTTLE_WINDOW_SECONDS = 600;
/** Addresses and names counted at once: 10,000 each are a few megabytes; beyond, the longest untouched are let go. */
const COUNTED = 10_000;

/**
 * Counts failed logins by client address and by name, in memory: each server counts what comes to it. Successes clear
 * no count: one valid reader behind a gateway must not reopen the door for a guesser there. What a success does is to
 * make its name familiar at its address: a few failures of that name there are looked at on their own, so that nobody
 * locks a reader out by guessing at its name, or from its gateway at other names.
 */
export class LoginThrottle {
  readonly #byAddress = new WindowCounter(ADDRESS_FAILURES);
  readonly #byName = new WindowCounter(NAME_FAILURES);
  readonly #byFamiliar = new WindowCounter(FAMILIAR_FAILURES);
  readonly #familiar = new LRUCache<string, true>({ max: COUNTED, ttl: FAMILIAR_MS });

  /** @param name of the account that was tried; `undefined` for API keys, whose prefix is no name */
  isThrottled(address: string, name: string | undefined): boolean {
    const network = networkOf(address);
    if (name === undefined) return this.#byAddress.isOver(network);
    const pair = pairOf(network, name);
    if (this.#familiar.has(pair) && !this.#byFamiliar.isOver(pair)) return false;
    return this.#byAddress.isOver(network) || this.#byName.isOver(name);
  }

  recordFailure(address: string, name: string | undefined): void {
    const network = networkOf(address);
    this.#byAddress.add(network);
    if (name === undefined) return;
    this.#byName.add(name);
    const pair = pairOf(network, name);
    if (this.#familiar.has(pair)) this.#byFamiliar.add(pair);
  }

  recordSuccess(address: string, name: string): void {
    this.#familiar.set(pairOf(networkOf(address), name), true);
  }
}

/** Counts registrations by client address, whatever comes of them: each costs a hash, and tells whether a name is taken. */
export class RegistrationThrottle {
  readonly #byAddress = new WindowCounter(ADDRESS_REGISTRATIONS);

  /** @returns `false` when the address has had its share */
  admit(address: string): boolean {
    const network = networkOf(address);
    if (this.#byAddress.isOver(network)) return false;
    this.#byAddress.add(network);
    return true;
  }
}

/** Events within a window that begins with the first of them. */
class WindowCounter {
  readonly #limit: number;
  readonly #counts = new LRUCache<string, { events: number }>({
    max: COUNTED,
    ttl: THROTTLE_WINDOW_SECONDS * 1000,
  });

  constructor(limit: number) {
    this.#limit = limit;
  }

  isOver(key: string): boolean {
    return (this.#counts.get(key)?.events ?? 0) >= this.#limit;
  }

  add(key: string): void {
    const count = this.#counts.get(key);
    if (count === undefined) this.#counts.set(key, { events: 1 });
    else count.events++;
  }
}

/** IPv6 hands out networks: whoever has one address has the 2^64 beside it. */
function networkOf(address: string): string {
  return address.includes(':') ? address.split(':').slice(0, 4).join(':') : address;
}

/** No network has a space. */
function pairOf(network: string, name: string): string {
  return `${network} ${name}`;
}
