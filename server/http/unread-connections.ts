/** So that a health check every second does not fill the log. */
const REPORT_EVERY_MS = 3_600_000;

/**
 * Notices clients whose requests uWebSockets.js answers itself, with an HTML page, and never hands over: 505 to HTTP/1.0 and
 * to an absolute target, 400 to what it cannot parse.
 *
 * Nothing tells which connection a request came on. So this looks at stretches of time in which connections are open: if
 * no request came in the whole stretch, none of its connections carried one. While readers sync, nothing is noticed;
 * they are a sign that the way to the server is right.
 */
export class UnreadConnections {
  readonly #report: (clientAddress: string, connections: number) => void;
  #open = 0;
  #connections = 0;
  #hasRequest = false;
  #lastAddress: () => string = () => '';
  #reportedMs = -Infinity;

  /** @param report gets the address of the last one, and the number since the last request or report */
  constructor(report: (clientAddress: string, connections: number) => void) {
    this.#report = report;
  }

  /** @param clientAddress is called only for a report, when the connection may have closed */
  opened(clientAddress: () => string): void {
    if (this.#open === 0) this.#hasRequest = false;
    this.#open++;
    this.#connections++;
    this.#lastAddress = clientAddress;
  }

  requested(): void {
    this.#hasRequest = true;
    this.#connections = 0;
  }

  closed(): void {
    this.#open--;
    if (this.#open > 0 || this.#hasRequest || performance.now() - this.#reportedMs < REPORT_EVERY_MS) return;
    this.#reportedMs = performance.now();
    this.#report(this.#lastAddress(), this.#connections);
    this.#connections = 0;
  }
}
