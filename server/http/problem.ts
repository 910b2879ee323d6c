import type { DogearErrorCode } from '../domain/dogear-error.js';
import type { Answer, AnswerHeaders } from './answer.js';

/** Codes of errors that only a scan throws. They go into the `error` of the scan, never into an answer. */
type ScanOnlyCode =
  | 'scan-recent'
  | 'scan-lease-lost'
  | 'scan-cancelled'
  | 'root-unreadable'
  | 'root-is-link'
  | 'root-changed'
  | 'root-empty';

/** Codes of errors that only commands meet. */
type CommandOnlyCode = 'owner-needed' | 'console-off';

/** Every problem of the management API. ERRORS.md explains them; a test compares that list with this one. */
export type ProblemCode =
  | Exclude<DogearErrorCode, ScanOnlyCode | CommandOnlyCode>
  | 'unauthorized'
  | 'host-unknown'
  | 'origin-refused'
  | 'content-type-refused'
  | 'throttled'
  | 'unavailable'
  | 'body-not-json'
  | 'body-too-large'
  | 'framing-doubtful'
  | 'body-invalid'
  | 'parameter-invalid'
  | 'cursor-invalid'
  | 'path-invalid'
  | 'hash-failed'
  | 'streams-at-limit'
  | 'downloads-at-limit'
  | 'range-unsatisfiable'
  | 'not-found'
  | 'method-not-allowed'
  | 'internal';

interface ProblemRow {
  readonly status: number;
  /** The same for every occurrence, as RFC 9457 wants it. */
  readonly title: string;
}

export const PROBLEMS: Readonly<Record<ProblemCode, ProblemRow>> = {
  'body-not-json': { status: 400, title: 'The body is not JSON' },
  'parameter-invalid': { status: 400, title: 'A parameter of the address is not valid' },
  'cursor-invalid': { status: 400, title: 'The cursor is not one of this list' },
  'framing-doubtful': { status: 400, title: 'The headers contradict each other about where the body ends' },
  'path-invalid': { status: 400, title: 'The address has an escape that means nothing' },
  unauthorized: { status: 401, title: 'A valid API key or session is needed' },
  forbidden: { status: 403, title: 'You may not do this' },
  'origin-refused': { status: 403, title: 'The request comes from another web page' },
  'permission-not-held': {
    status: 403,
    title: 'Nobody may give away, or act against, more permissions than they have',
  },
  'link-invalid': { status: 403, title: 'The link has been used or is too old' },
  'password-wrong': { status: 403, title: 'The current password is not right' },
  'not-found': { status: 404, title: 'Nothing is at this address' },
  'library-not-found': { status: 404, title: 'There is no such library' },
  'book-not-found': { status: 404, title: 'There is no such book' },
  'scan-not-found': { status: 404, title: 'There is no such scan' },
  'user-not-found': { status: 404, title: 'There is no such user' },
  'session-not-found': { status: 404, title: 'There is no such session' },
  'api-key-not-found': { status: 404, title: 'There is no such API key' },
  'device-not-found': { status: 404, title: 'There is no such device' },
  'document-has-book': { status: 409, title: 'The document is a digest of a book already' },
  'document-linked': { status: 409, title: 'The document is linked to another book' },
  'document-links-at-limit': { status: 409, title: 'There are too many links' },
  'document-link-not-found': { status: 404, title: 'There is no such link' },
  'progress-not-found': { status: 404, title: 'There is no such progress' },
  'method-not-allowed': { status: 405, title: 'The address does not answer such requests' },
  'library-exists': { status: 409, title: 'The name of the library is taken' },
  'user-exists': { status: 409, title: 'The name of the user is taken' },
  'user-changed': { status: 409, title: 'Somebody else is signed in' },
  'owner-exists': { status: 409, title: 'The server has an owner already' },
  'scan-running': { status: 409, title: 'The library is being scanned' },
  'scan-not-running': { status: 409, title: 'The scan has ended' },
  'books-not-joinable': { status: 409, title: 'The books cannot be joined' },
  'hashes-off': { status: 409, title: 'The library makes no hashes' },
  'hash-failed': { status: 409, title: 'The file could not be hashed' },
  'book-missing': { status: 409, title: 'The file of the book is not there' },
  'book-unreadable': { status: 409, title: 'The file of the book cannot be read as a book' },
  'book-changed': { status: 409, title: 'The file of the book has changed since it was hashed' },
  'format-unsupported': { status: 409, title: 'Positions in books of this kind are not translated' },
  'last-owner': { status: 409, title: 'Somebody has to be owner' },
  'api-keys-at-limit': { status: 409, title: 'The user has too many API keys' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'content-type-refused': { status: 415, title: 'The body has to be declared as JSON' },
  'range-unsatisfiable': { status: 416, title: 'The file has no such part' },
  'host-unknown': { status: 421, title: 'The server does not know this name of itself' },
  'body-invalid': { status: 422, title: 'The body does not have the fields that it should' },
  'library-invalid': { status: 422, title: 'A library cannot be like this' },
  'root-missing': { status: 422, title: 'The folder is not there' },
  'root-not-a-folder': { status: 422, title: 'The root is not a folder' },
  'user-invalid': { status: 422, title: 'A user cannot be called this' },
  'password-invalid': { status: 422, title: 'This cannot be a password' },
  'api-key-invalid': { status: 422, title: 'An API key cannot be like this' },
  'device-name-invalid': { status: 422, title: 'A device cannot be called this' },
  'position-untranslatable': { status: 422, title: 'The position cannot be translated safely' },
  throttled: { status: 429, title: 'Too many logins failed' },
  internal: { status: 500, title: 'The server has a defect' },
  overloaded: { status: 503, title: 'The server is busy' },
  'scans-at-limit': { status: 503, title: 'Too many scans are running' },
  'streams-at-limit': { status: 503, title: 'Too many clients are watching' },
  'downloads-at-limit': { status: 503, title: 'Too many files are being downloaded' },
  'storage-slow': { status: 503, title: 'The storage of the library does not answer' },
  'translation-slow': { status: 503, title: 'Reading the book takes too long' },
  stopping: { status: 503, title: 'The server is stopping' },
  unavailable: { status: 503, title: 'The database is not available' },
};

export const PROBLEM_TYPE = 'application/problem+json';

/** RFC 9457 identifies a problem by a URI. This one leads nowhere: it only repeats the code. */
function problemUri(code: ProblemCode): string {
  return `urn:dogear:problem:${code}`;
}

/** A field of the body, or a parameter of the address, that is wrong. */
export type FieldMistake =
  | { readonly pointer: string; readonly detail: string }
  | { readonly parameter: string; readonly detail: string };

/** Extension members of some problems (RFC 9457, 3.2). */
export interface ProblemMembers {
  /** `hash-failed`, `book-unreadable`, `position-untranslatable`: the code of what went wrong. */
  readonly failure?: string;
}

/** A refusal by a route or by the parsing of its input, not by a use case. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly code: ProblemCode;
  readonly mistakes: readonly FieldMistake[];
  readonly more: ProblemMembers;

  constructor(
    code: ProblemCode,
    message: string,
    mistakes: readonly FieldMistake[] = [],
    more: ProblemMembers = {},
  ) {
    super(message);
    this.code = code;
    this.mistakes = mistakes;
    this.more = more;
  }
}

/** `Retry-After` of answers with 503 and 429. */
const RETRY_AFTER_SECONDS = 5;
const THROTTLED_RETRY_AFTER_SECONDS = 60;

/** The answer for a problem. @param detail about this occurrence, for people */
export function problem(
  code: ProblemCode,
  detail: string,
  {
    mistakes = [],
    more = {},
    headers = [],
  }: {
    readonly mistakes?: readonly FieldMistake[];
    readonly more?: ProblemMembers;
    readonly headers?: AnswerHeaders;
  } = {},
): Answer {
  const { status, title } = PROBLEMS[code];
  const body = {
    type: problemUri(code),
    title,
    status,
    detail,
    code,
    ...more,
    ...(mistakes.length === 0 ? {} : { errors: mistakes }),
  };
  return {
    status,
    contentType: PROBLEM_TYPE,
    body: JSON.stringify(body),
    headers: [['cache-control', 'no-store'], ...statusHeaders(status), ...headers],
  };
}

function statusHeaders(status: number): AnswerHeaders {
  switch (status) {
    case 401:
      return [['www-authenticate', 'Bearer realm="Dogear"']];
    case 429:
      return [['retry-after', String(THROTTLED_RETRY_AFTER_SECONDS)]];
    case 503:
      return [['retry-after', String(RETRY_AFTER_SECONDS)]];
    default:
      return [];
  }
}
