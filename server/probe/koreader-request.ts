import { request as requestHttp, type IncomingHttpHeaders } from 'node:http';
import { request as requestHttps } from 'node:https';
import { TLSSocket } from 'node:tls';
import type { AccountCredentials } from '../accounts/passwords/password-key.js';

/** What KOReader waits for the answer to a push, from its first to its last byte. */
const ANSWER_MS = 5000;
/** Answers of Dogear have some hundred bytes. Of anything else the beginning says what it is. */
const READ_CHARACTERS = 64 * 1024;

export interface KoreaderRequest {
  readonly method: 'GET' | 'PUT';
  readonly credentials?: AccountCredentials | undefined;
  readonly body?: string;
}

export interface KoreaderReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The beginning of the body. */
  readonly text: string;
  readonly elapsedMs: number;
  /** Milliseconds between the clock of the server and that of this machine; `undefined` when the server tells no time. */
  readonly clockAheadMs: number | undefined;
  /** Why a client that checks certificates refuses this one. KOReader checks none (`verify = "none"` in LuaSec). */
  readonly certificateProblem: string | undefined;
}

/**
 * Sends one request as KOReader does: the headers of its sync plugin and of LuaSocket, HTTP/1.1, a new connection, and
 * no check of the certificate.
 *
 * @throws Error of `node:http`, `node:tls` or `node:dns` when there is no answer; `TimeoutError` after five seconds
 */
export function sendAsKoreader(
  url: URL,
  { method, credentials, body }: KoreaderRequest,
): Promise<KoreaderReply> {
  const headers = {
    'user-agent': 'KOReader/2026.07 (https://koreader.rocks/) LuaSocket/3.1.0',
    connection: 'close, TE',
    te: 'trailers',
    accept: 'application/vnd.koreader.v1+json',
    ...(credentials === undefined
      ? {}
      : { 'x-auth-user': utf8Header(credentials.name), 'x-auth-key': credentials.key }),
    ...(body === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
  };
  const signal = AbortSignal.timeout(ANSWER_MS);
  const options = { method, headers, agent: false, signal, rejectUnauthorized: false };
  return new Promise((resolve, reject) => {
    const sentMs = Date.now();
    const outgoing = url.protocol === 'https:' ? requestHttps(url, options) : requestHttp(url, options);
    outgoing.on('error', (error) => reject(signal.aborted ? signal.reason : error));
    outgoing.on('response', (response) => {
      const { socket } = response;
      const certificateProblem =
        socket instanceof TLSSocket && !socket.authorized ? String(socket.authorizationError) : undefined;
      let text = '';
      response.setEncoding('utf8');
      const end = (): void => {
        const receivedMs = Date.now();
        const serverMs = Date.parse(response.headers.date ?? '');
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          elapsedMs: receivedMs - sentMs,
          clockAheadMs: Number.isNaN(serverMs) ? undefined : serverMs - receivedMs,
          certificateProblem,
        });
      };
      response.on('data', (chunk: string) => {
        text += chunk;
        if (text.length <= READ_CHARACTERS) return;
        end();
        outgoing.destroy();
      });
      response.on('end', end);
      response.on('error', (error) => reject(signal.aborted ? signal.reason : error));
    });
    // With a text Node.js would send the headers in UTF-8 once more.
    outgoing.end(body === undefined ? undefined : Buffer.from(body));
  });
}

/** KOReader sends the bytes of UTF-8. Node.js sends one byte for each character, up to U+00FF. */
function utf8Header(text: string): string {
  return Buffer.from(text).toString('latin1');
}
