import type { Answer, AnswerHeaders } from './answer.js';
import { READ_HEADERS, type ReadHeader } from './request.js';

/** Headers that proxies, or browsers by themselves, send. Pages of other addresses never send a cookie. */
const NOT_OF_PAGES: ReadonlySet<ReadHeader> = new Set([
  'x-forwarded-for',
  'x-forwarded-proto',
  'cookie',
  'origin',
  'host',
  'user-agent',
]);
/** Headers that web pages may send. */
const ALLOWED_HEADERS = READ_HEADERS.filter((name) => !NOT_OF_PAGES.has(name));

/** The answer to the question of a browser whether it may send a request (a preflight). */
export const PREFLIGHT: Answer = {
  status: 200,
  contentType: 'text/plain',
  // A body, because an answer without one would end the connection (uws.ts).
  body: 'Yes',
  headers: [
    ['Access-Control-Allow-Methods', 'GET, HEAD, PUT, POST, PATCH, DELETE'],
    ['Access-Control-Allow-Headers', ALLOWED_HEADERS.join(', ')],
    // Seconds. Chromium remembers no answer for longer than two hours.
    ['Access-Control-Max-Age', '7200'],
  ],
};

const EXPOSED = ['Access-Control-Expose-Headers', 'location, retry-after'] as const;
const ANY_ORIGIN: AnswerHeaders = [['Access-Control-Allow-Origin', '*'], EXPOSED];
/** The answer depends on the origin, also where there is none, which caches have to know. */
const OTHER_ORIGIN: AnswerHeaders = [['Vary', 'Origin']];

/**
 * Which web pages may use the server from a browser. Browsers send no cookies and no remembered passwords with these
 * requests, because Access-Control-Allow-Credentials is never sent: a page has to know the key or the password itself.
 */
export class Cors {
  readonly #byOrigin: ReadonlyMap<string, AnswerHeaders>;
  readonly #isOpen: boolean;

  /** @param origins such as `https://reader.example.org`; `*` is every origin */
  constructor(origins: readonly string[]) {
    this.#isOpen = origins.includes('*');
    this.#byOrigin = new Map(
      origins.map((origin) => [origin, [['Access-Control-Allow-Origin', origin], EXPOSED, ...OTHER_ORIGIN]]),
    );
  }

  /** @param origin the header `Origin`; `''` without one */
  isAllowed(origin: string): boolean {
    return origin !== '' && (this.#isOpen || this.#byOrigin.has(origin));
  }

  /** The headers that every answer to a request from this origin gets. */
  headersFor(origin: string): AnswerHeaders {
    return this.#isOpen ? ANY_ORIGIN : (this.#byOrigin.get(origin) ?? OTHER_ORIGIN);
  }
}
