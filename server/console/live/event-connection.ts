import { API } from '../base-path.js';
import type { Changes, LiveNews } from './live-messages.js';

/** After an answer that ends an EventSource for good, such as a 503 of a database that is away. */
const RETRY_MS = 2000;

/** The one event stream of a browser. It comes back by itself, and tells what it hears to `tell`. */
export class EventConnection {
  readonly #tell: (news: LiveNews) => void;
  #source: EventSource | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #last: Changes | undefined;
  #isConnected = false;

  constructor(tell: (news: LiveNews) => void) {
    this.#tell = tell;
  }

  /** What a tab that comes later needs to know. */
  get news(): readonly LiveNews[] {
    const connected: LiveNews = { kind: 'connected', isConnected: this.#isConnected };
    return this.#last === undefined ? [connected] : [{ kind: 'changes', changes: this.#last }, connected];
  }

  open(): void {
    if (this.#source !== undefined) return;
    clearTimeout(this.#retry);
    const source = new EventSource(`${API}/changes`);
    this.#source = source;
    source.addEventListener('open', () => this.#connected(true));
    source.addEventListener('state', (event: MessageEvent<string>) => {
      // Only this server sends it (CSP connect-src), in the form that the API describes.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      this.#last = JSON.parse(event.data) as Changes;
      this.#tell({ kind: 'changes', changes: this.#last });
    });
    source.addEventListener('error', () => {
      this.#connected(false);
      if (source.readyState !== EventSource.CLOSED || this.#source !== source) return;
      this.#source = undefined;
      this.#retry = setTimeout(() => this.open(), RETRY_MS);
    });
  }

  close(): void {
    clearTimeout(this.#retry);
    this.#source?.close();
    this.#source = undefined;
    this.#last = undefined;
    this.#connected(false);
  }

  #connected(isConnected: boolean): void {
    if (this.#isConnected === isConnected) return;
    this.#isConnected = isConnected;
    this.#tell({ kind: 'connected', isConnected });
  }
}
