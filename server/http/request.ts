/** The headers that some route reads. Every other one is never taken out of the native request. */
export const READ_HEADERS = [
  'x-auth-user',
  'x-auth-key',
  'authorization',
  'x-forwarded-for',
  'accept',
  'if-none-match',
  'last-event-id',
] as const;

export type ReadHeader = (typeof READ_HEADERS)[number];

/** A request as handlers see it: plain values, safe to keep over an `await`. */
export interface HttpRequest {
  /** Upper case. */
  readonly method: string;
  /** As it came, undecoded, without the query; with the base path. */
  readonly path: string;
  /** Behind `?`, undecoded. */
  readonly query: string;
  /** The parts of the path that the route's pattern names, decoded, in its order. */
  readonly params: readonly string[];
  /** When all of it was there, by `performance.now()`: how long the client has waited counts from then. */
  readonly receivedMs: number;
  /** UTF-8; bytes that are none are U+FFFD. `''` on routes that read no body. */
  readonly body: string;
  /** Decoded as UTF-8; `undefined` when absent or empty. Throws for one that the route does not name. */
  header(name: ReadHeader): string | undefined;
  /**
   * IPv4 in dotted form, IPv6 as eight groups without leading zeros. Taken when first asked for, so ask before the
   * first `await`: of a client that is gone by then nothing but `unknown` can be said.
   */
  readonly clientAddress: string;
}
