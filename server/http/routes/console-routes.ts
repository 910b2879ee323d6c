import type { Answer, AnswerHeaders } from '../answer.js';
import type { ConsoleAccess } from '../console-access.js';
import type { ConsoleFile, ConsoleFiles } from '../console-files.js';
import { ProblemError } from '../problem.js';
import { problemOfFailure, type ProblemOptions } from '../problem-of-failure.js';
import type { HttpRequest } from '../request.js';
import type { RouteGroup } from '../route.js';

/** Only the console's own files run in its pages, and only this server is asked for anything. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data: blob:",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * Chapters of a book are shown in frames made of blobs, which inherit this policy. They bring style sheets, images and fonts
 * of their own, but no scripts, and nothing from another host.
 */
const READER_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline' blob:",
  'font-src blob: data:',
  "img-src 'self' blob: data:",
  'media-src blob:',
  "frame-src 'self' blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const SECURITY_HEADERS = securityHeaders(CONTENT_SECURITY_POLICY);
/** No policy stops browsers from looking up the names of hosts to which a chapter links, before anybody follows the link. */
const READER_HEADERS: AnswerHeaders = [...securityHeaders(READER_POLICY), ['x-dns-prefetch-control', 'off']];

function securityHeaders(policy: string): AnswerHeaders {
  return [
    ['content-security-policy', policy],
    ['x-content-type-options', 'nosniff'],
    ['referrer-policy', 'no-referrer'],
  ];
}

/** An open book. The page itself says when there is none. */
const READER_PATH = /^read\/\d+\/?$/;
/** Names below `assets/` contain a hash of the content. */
const FOR_EVER: AnswerHeaders = [['cache-control', 'public, max-age=31536000, immutable']];
const CHECK_AGAIN: AnswerHeaders = [['cache-control', 'no-cache']];
const BY_ENCODING: AnswerHeaders = [['vary', 'accept-encoding']];

export interface PageOptions extends ProblemOptions {
  readonly files: ConsoleFiles;
  readonly access: Pick<ConsoleAccess, 'requireHost'>;
  /** Prefix of every path: `''` or `/sync`. */
  readonly basePath: string;
}

/**
 * The pages of the console below `/ui/`, and nowhere else: a reader that gets a page for an unknown path believes that it
 * has logged in. `/` leads browsers there.
 */
export function consoleGroups(options: PageOptions): readonly RouteGroup[] {
  const { files, access, basePath } = options;
  const toConsole: Answer = {
    status: 303,
    contentType: 'text/plain',
    body: 'The console is at ui/.',
    headers: [['location', `${basePath}/ui/`]],
  };
  const fail: RouteGroup['fail'] = (failure) => problemOfFailure(failure, options);
  return [
    {
      prefix: '/ui',
      routes: ['', '/*path'].map((pattern) => ({
        method: 'GET',
        pattern,
        headers: ['accept-encoding', 'host', 'if-none-match'],
        handle: (request) => {
          access.requireHost(request);
          const [path = ''] = request.params;
          if (READERS_PATH.test(path)) {
            throw new ProblemError('not-found', 'Readers sync at the address without ui/.');
          }
          return fileAnswer(files, request);
        },
      })),
      fail: (failure, request) => {
        if (failure.kind !== 'bad-path') return fail(failure, request);
        try {
          access.requireHost(request);
        } catch (error) {
          return fail({ kind: 'thrown', error }, request);
        }
        return mistyped(files.page);
      },
    },
    { prefix: '', routes: [{ method: 'GET', pattern: '/', headers: [], handle: () => toConsole }], fail },
  ];
}

/** What KOReader asks for below the address that somebody typed. With a page in answer it would believe that it has logged in. */
const READERS_PATH = /^\/*(?:(?:users\/+(?:auth|create|me|password)|syncs|healthcheck)\b|koreader\/+.)/;

function fileAnswer(files: ConsoleFiles, request: HttpRequest): Answer {
  const [path = ''] = request.params;
  const asset = files.assets.get(path);
  const isReader = asset === undefined && READER_PATH.test(path);
  const file = asset ?? (isReader ? files.reader : files.page);
  const isHashed = path.startsWith('assets/');
  // A page that was open while the server was updated asks for assets of the version before.
  if (asset === undefined && isHashed) return GONE;
  const security = isReader ? READER_HEADERS : SECURITY_HEADERS;
  const headers = [...security, ...(isHashed ? FOR_EVER : CHECK_AGAIN), ...BY_ENCODING];
  if (!isHashed && request.header('if-none-match') === file.etag) {
    return {
      status: 304,
      contentType: file.contentType,
      body: '',
      headers: [...headers, ['etag', file.etag]],
    };
  }
  const isZipped = /\bgzip\b/.test(request.header('accept-encoding') ?? '');
  return {
    status: 200,
    contentType: file.contentType,
    body: isZipped ? file.gzip : file.bytes,
    headers: [...headers, ['etag', file.etag], ...(isZipped ? GZIPPED : [])],
  };
}

/** At an address with a broken escape the page says that there is nothing. Readers must not take it for success. */
function mistyped({ contentType, bytes }: ConsoleFile): Answer {
  return { status: 404, contentType, body: bytes, headers: [...SECURITY_HEADERS, ...CHECK_AGAIN] };
}

const GZIPPED: AnswerHeaders = [['content-encoding', 'gzip']];
const GONE: Answer = {
  status: 404,
  contentType: 'text/plain',
  body: 'This file belongs to another version of the console. Load the page again.',
  headers: [['cache-control', 'no-store']],
};
