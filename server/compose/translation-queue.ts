import type { UserId } from '../domain/ids.js';

/** `undefined`: the operator, who has no user account. */
export type Requester = UserId | undefined;

/** How much of a second is forgotten in a second. A user who took the thread for two seconds is even with others after 20. */
const FORGOTTEN_SHARE = 0.1;
/** Of more users than that the one who used the thread first is forgotten. No server has so many at the same time. */
const MAX_USERS = 1000;

interface Use {
  readonly ms: number;
  readonly atMs: number;
}

/**
 * The requests that wait for the translating thread. The next one is the oldest of the user who used the thread least of
 * late, so that the requests of one user, or slow books, delay those of others by one book at most.
 */
export class TranslationQueue<Request extends { readonly user: Requester }> {
  readonly #limit: number;
  readonly #waiting = new Set<Request>();
  readonly #uses = new Map<Requester, Use>();

  /** @param limit of the requests that wait */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Adds a request. If there is no room, the user with the most waiting requests loses the newest of them.
   *
   * @returns the request that was refused for it, which is `request` itself if its user has the most
   */
  add(request: Request): Request | undefined {
    this.#waiting.add(request);
    if (this.#waiting.size <= this.#limit) return undefined;
    const ofUsers = new Map<Requester, Request[]>();
    for (const waiting of this.#waiting) {
      const ofUser = ofUsers.get(waiting.user);
      if (ofUser === undefined) ofUsers.set(waiting.user, [waiting]);
      else ofUser.push(waiting);
    }
    let most: readonly Request[] = ofUsers.get(request.user) ?? [];
    for (const requests of ofUsers.values()) if (requests.length > most.length) most = requests;
    const refused = most.at(-1) ?? request;
    this.#waiting.delete(refused);
    return refused;
  }

  /** @returns false if it does not wait any more */
  delete(request: Request): boolean {
    return this.#waiting.delete(request);
  }

  /** Takes the next request. */
  take(nowMs: number): Request | undefined {
    let next: Request | undefined;
    let leastMs = Infinity;
    for (const request of this.#waiting) {
      const usedMs = this.usedMs(request.user, nowMs);
      if (usedMs >= leastMs) continue;
      next = request;
      leastMs = usedMs;
    }
    if (next !== undefined) this.#waiting.delete(next);
    return next;
  }

  /** Takes all requests. */
  takeAll(): Request[] {
    const all = [...this.#waiting];
    this.#waiting.clear();
    return all;
  }

  /** How long a user used the thread, where the past counts less. */
  usedMs(user: Requester, nowMs: number): number {
    const use = this.#uses.get(user);
    return use === undefined ? 0 : Math.max(0, use.ms - (nowMs - use.atMs) * FORGOTTEN_SHARE);
  }

  /** Notes that a user's request used the thread. */
  addUse(user: Requester, ms: number, nowMs: number): void {
    const usedMs = this.usedMs(user, nowMs) + ms;
    this.#uses.delete(user);
    const [first] = this.#uses.keys();
    if (this.#uses.size >= MAX_USERS) this.#uses.delete(first);
    this.#uses.set(user, { ms: usedMs, atMs: nowMs });
  }
}
