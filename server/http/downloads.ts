import { WaitingShares } from '../batching/waiting-shares.js';
import type { UserId } from '../domain/ids.js';
import type { SharedCount } from '../domain/shared-count.js';
import { ProblemError } from './problem.js';

/** What a download keeps in memory. Larger pieces read little faster, also from a file server. */
export const PIECE_BYTES = 64 * 1024;
/**
 * Limit for the process. Each download keeps a connection and one piece of a file, so all of them take 8 MB; and each loop
 * of the thread that answers readers may have to copy as much into sockets, some milliseconds.
 */
const DOWNLOADS = 128;
/** Kept for the next downloads, 1 MB: a page that shows a book asks for one small part of it after the other. */
const SPARE_PIECES = 16;
/** Of one user: two browsers with the six connections that each opens, and some readers. Eight users must work together to take all. */
const DOWNLOADS_PER_USER = 16;
/** However many threads there are, somebody may download with two readers that reach the same one. */
const LEAST_SHARE = 2;

/** Covers are in memory until their clients have taken them. Limit for the thread. */
const COVER_BYTES = 96 * 1024 * 1024;
/** Of one user, on the thread: the six connections of a browser, each with the largest cover. */
const COVER_BYTES_PER_USER = 24 * 1024 * 1024;

/** Of a file that is being sent. */
export interface DownloadPlace {
  /** Of PIECE_BYTES. Whoever moves it away sets what comes back; what does not come back is lost. */
  memory: ArrayBuffer;
  /** To be called once, when the download has ended. */
  readonly leave: () => void;
}

/** The files that are being sent: those of the process, and those of each user on this thread. */
export class Downloads {
  readonly #count: SharedCount;
  readonly #shares: WaitingShares;
  readonly #spare: ArrayBuffer[] = [];
  readonly #coverShares = new WaitingShares(COVER_BYTES_PER_USER);
  #coverBytes = 0;

  /** @param count of the process, in all its threads. @param threads that answer requests */
  constructor(count: SharedCount, threads: number) {
    this.#count = count;
    this.#shares = new WaitingShares(Math.max(LEAST_SHARE, Math.floor(DOWNLOADS_PER_USER / threads)));
  }

  /**
   * Takes a place.
   *
   * @throws ProblemError `downloads-at-limit`
   */
  begin(userId: UserId): DownloadPlace {
    if (!this.#shares.add(userId, 1)) {
      throw new ProblemError('downloads-at-limit', 'Too many files of this user are being sent already.');
    }
    if (!this.#count.tryAdd(DOWNLOADS)) {
      this.#shares.remove(userId, 1);
      throw new ProblemError('downloads-at-limit', `${String(DOWNLOADS)} files are being sent already.`);
    }
    const place = {
      memory: this.#spare.pop() ?? new ArrayBuffer(PIECE_BYTES),
      leave: () => {
        this.#count.subtract();
        this.#shares.remove(userId, 1);
        // Memory that was moved away has no length.
        const isWhole = place.memory.byteLength === PIECE_BYTES;
        if (isWhole && this.#spare.length < SPARE_PIECES) this.#spare.push(place.memory);
      },
    };
    return place;
  }

  /**
   * As `begin`, for a cover.
   *
   * @returns to be called once, when it has been sent
   * @throws ProblemError `downloads-at-limit`
   */
  beginCover(userId: UserId, bytes: number): () => void {
    if (this.#coverBytes >= COVER_BYTES || !this.#coverShares.add(userId, bytes)) {
      throw new ProblemError('downloads-at-limit', 'Too many covers are being sent already.');
    }
    this.#coverBytes += bytes;
    return () => {
      this.#coverBytes -= bytes;
      this.#coverShares.remove(userId, bytes);
    };
  }
}
