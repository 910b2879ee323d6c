import { ApiError, put } from '../api.js';
import { thisDevice } from './this-device.js';

/** Of the first text that is shown, or the page of a comic. */
export type ShownPlace = { readonly cfi: string } | { readonly page: number };

export type PushState =
  | { readonly state: 'nothing' }
  | { readonly state: 'waiting' }
  | { readonly state: 'stored'; readonly pushedAt: string; readonly percentage: number }
  | { readonly state: 'failed'; readonly error: ApiError };

/** How long a page stays open before its place is handed back: whoever leafs through a book does not push each page. */
const WAIT_MS = 5000;
/** A server that is away is asked again. */
const RETRY_MS = 15_000;

/** Hands the place of this browser back to the server, so that KOReader finds it there. */
export class PlacePusher {
  readonly #document: string;
  readonly #userId: number;
  readonly #onState: (state: PushState) => void;
  #waiting: ShownPlace | undefined;
  #stored: ShownPlace | undefined;
  #settled: PushState = { state: 'nothing' };
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isSending = false;
  /** What is sent right now is not sent again if it fails. */
  #isOutdated = false;

  /** @param userId whose places they are. All tabs share a session, in which somebody else may have signed in. */
  constructor(document: string, userId: number, onState: (state: PushState) => void) {
    this.#document = document;
    this.#userId = userId;
    this.#onState = onState;
  }

  moved(place: ShownPlace): void {
    if (JSON.stringify(place) === JSON.stringify(this.#stored)) {
      this.#dropWaiting();
      return;
    }
    this.#waiting = place;
    this.#onState({ state: 'waiting' });
    this.#later(WAIT_MS);
  }

  /** The reader is somewhere else now, and what was not handed back yet is out of date. */
  forget(): void {
    this.#stored = undefined;
    this.#dropWaiting();
  }

  #dropWaiting(): void {
    this.#waiting = undefined;
    this.#isOutdated = true;
    clearTimeout(this.#timer);
    this.#onState(this.#settled);
  }

  /** Hands it back at once: the page may be closed now. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    const place = this.#waiting;
    if (place === undefined || this.#isSending) return;
    this.#waiting = undefined;
    this.#isSending = true;
    this.#isOutdated = false;
    let nextMs = WAIT_MS;
    try {
      const stored = await put('/progress/{document}', {
        params: { document: this.#document },
        body: { ...place, device: thisDevice(), expected_user_id: this.#userId },
      });
      this.#stored = place;
      this.#settled = { state: 'stored', pushedAt: stored.pushed_at, percentage: stored.percentage };
      this.#onState(this.#settled);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (!this.#isOutdated) {
        this.#onState({ state: 'failed', error });
        if (error.status === 0 || error.status === 429 || error.status >= 500) {
          this.#waiting ??= place;
          nextMs = RETRY_MS;
        }
      }
    } finally {
      this.#isSending = false;
    }
    // It is tried again, or a page was turned meanwhile.
    if (this.#waiting !== undefined) this.#later(nextMs);
  }

  #later(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.flush(), ms);
  }
}
