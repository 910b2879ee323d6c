/** The headers that routes read. Others are never copied out of the native request. */
export const READ_HEADERS = [
  'x-auth-user',
  'x-auth-key',
  'authorization',
  'x-forwarded-for',
  'accept',
  'accept-encoding',
  'if-none-match',
  'range',
  'if-range',
  'last-event-id',
  'cookie',
  'origin',
  'host',
  'content-type',
  'user-agent',
  'x-forwarded-proto',
] as const;

export type ReadHeader = (typeof READ_HEADERS)[number];

/** A request as handlers see it: copied values, which stay valid after an `await`. */
export interface HttpRequest {
  /** Upper case. */
  readonly method: string;
  /** Undecoded, with the base path, without the query. */
  readonly path: string;
  /** The part after `?`, undecoded. */
  readonly query: string;
  /** The parts of the path that the route's pattern names, decoded, in its order. */
  readonly params: readonly string[];
  /** When the request had arrived completely, by `performance.now()`. Deadlines count from then. */
  readonly receivedMs: number;
  /** The connection is closed: no answer can reach the client any more. */
  readonly hasLeft: boolean;
  /** Decoded as UTF-8, with U+FFFD for invalid bytes. `''` on routes that read no body. */
  readonly body: string;
  /** Decoded as UTF-8; `undefined` when absent or empty. Throws for a header that the route does not declare. */
  header(name: ReadHeader): string | undefined;
  /** Whether `x-auth-user` was sent, but nothing of it arrived (accounts/user-name.ts). */
  readonly isUserNameLost: boolean;
  /**
   * IPv4 in dotted form, IPv6 as eight groups without leading zeros. Read it before the first `await`: it is taken from
   * the connection when it is first read, and is `unknown` if the client has left by then.
   */
  readonly clientAddress: string;
  /** Whether a trusted proxy sent the request, so that X-Forwarded-Proto is believed. Read it when `clientAddress` is. */
  readonly isFromTrustedProxy: boolean;
}
