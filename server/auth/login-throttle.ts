import { LRUCache } from 'lru-cache';

/**
 * Failures of one client address, or for one name, that are taken for mistakes: a reader with an old password tries at
 * every turn of a page, and a household or a whole school may come from one address.
 */
const ADDRESS_FAILURES = 100;
const NAME_FAILURES = 50;
/** How long failures are counted together, and so how long the throttle lasts at most. */
export const THROTTLE_WINDOW_SECONDS = 600;
/** Addresses and names counted at once: 10,000 each are a few megabytes; beyond, the longest untouched are let go. */
const COUNTED = 10_000;

/**
 * Counts failed logins by client address and by name, in memory: each server counts what comes to it. Successes
 * count nothing and clear nothing: one valid reader behind a gateway must not reopen the door for a guesser there.
 */
export class LoginThrottle {
  readonly #byAddress = new FailureCounter(ADDRESS_FAILURES);
  readonly #byName = new FailureCounter(NAME_FAILURES);

  /** @param name of the account that was tried; `undefined` for API keys, whose prefix is no name */
  isThrottled(address: string, name: string | undefined): boolean {
    return this.#byAddress.isOver(networkOf(address)) || (name !== undefined && this.#byName.isOver(name));
  }

  recordFailure(address: string, name: string | undefined): void {
    this.#byAddress.add(networkOf(address));
    if (name !== undefined) this.#byName.add(name);
  }
}

/** Failures within a window that begins with the first of them. */
class FailureCounter {
  readonly #limit: number;
  readonly #counts = new LRUCache<string, { failures: number }>({
    max: COUNTED,
    ttl: THROTTLE_WINDOW_SECONDS * 1000,
  });

  constructor(limit: number) {
    this.#limit = limit;
  }

  isOver(key: string): boolean {
    return (this.#counts.get(key)?.failures ?? 0) >= this.#limit;
  }

  add(key: string): void {
    const count = this.#counts.get(key);
    if (count === undefined) this.#counts.set(key, { failures: 1 });
    else count.failures++;
  }
}

/** IPv6 hands out networks: whoever has one address has the 2^64 beside it. */
function networkOf(address: string): string {
  return address.includes(':') ? address.split(':').slice(0, 4).join(':') : address;
}
