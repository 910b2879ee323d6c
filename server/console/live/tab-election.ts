import { EventConnection } from './event-connection.js';
import type { LiveNews } from './live-messages.js';

type Told = { readonly kind: 'leading'; readonly tab: number } | { readonly kind: 'left' } | LiveNews;

const BEAT_MS = 1000;
/** Background tabs run their timers once a second at best. */
const LOST_AFTER_MS = 3500;

/**
 * Where there is no SharedWorker (Chrome on Android), one tab holds the event stream and passes on what it hears over a
 * BroadcastChannel. Of two tabs that lead, the one with the smaller number goes on.
 */
export class TabElection {
  readonly #hear: (news: LiveNews) => void;
  readonly #channel = new BroadcastChannel('dogear-live');
  readonly #tab = Math.random();
  readonly #connection = new EventConnection((news) => {
    this.#hear(news);
    this.#channel.postMessage(news satisfies Told);
  });
  #isOpen = false;
  #isLeading = false;
  #leaderSeenMs = 0;

  constructor(hear: (news: LiveNews) => void) {
    this.#hear = hear;
    this.#channel.addEventListener('message', ({ data }: MessageEvent<Told>) => this.#told(data));
    addEventListener('pagehide', () => this.#leave());
    setInterval(() => this.#beat(), BEAT_MS);
  }

  ask(request: 'open' | 'close'): void {
    this.#isOpen = request === 'open';
    if (!this.#isOpen) this.#leave();
    else this.#leaderSeenMs = performance.now() - LOST_AFTER_MS + BEAT_MS; // listens for one beat first
  }

  #told(data: Told): void {
    switch (data.kind) {
      case 'leading':
        this.#leaderSeenMs = performance.now();
        if (this.#isLeading && data.tab < this.#tab) {
          this.#isLeading = false;
          this.#connection.close();
        }
        return;
      case 'left':
        this.#leaderSeenMs = 0;
        return;
      case 'changes':
      case 'connected':
        if (this.#isOpen && !this.#isLeading) this.#hear(data);
        return;
      default:
        data satisfies never;
    }
  }

  #beat(): void {
    if (!this.#isOpen) return;
    if (!this.#isLeading && performance.now() - this.#leaderSeenMs > LOST_AFTER_MS) {
      this.#isLeading = true;
      this.#connection.open();
    }
    if (!this.#isLeading) return;
    this.#channel.postMessage({ kind: 'leading', tab: this.#tab } satisfies Told);
    // For tabs that came since.
    for (const news of this.#connection.news) this.#channel.postMessage(news satisfies Told);
  }

  #leave(): void {
    if (!this.#isLeading) return;
    this.#isLeading = false;
    this.#connection.close();
    this.#channel.postMessage({ kind: 'left' } satisfies Told);
  }
}
