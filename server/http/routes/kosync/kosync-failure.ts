import { type Answer, jsonAnswer } from '../../answer.js';
import { USER_NAME_RULE } from '../../../accounts/user-name.js';
import type { SyncErrorCode } from '../../../domain/sync-error.js';

/**
 * The two families of routes: with an account, as koreader-sync-server has them, or with an API key in the path. Some
 * statuses differ between them.
 */
export type KosyncFamily = 'account' | 'api-key';

export type KosyncFailureCode =
  | SyncErrorCode
  | 'body-not-json'
  | 'body-not-object'
  | 'body-too-large'
  | 'framing-doubtful'
  | 'document-missing'
  | 'document-too-long'
  | 'document-not-text'
  | 'field-invalid'
  | 'path-invalid'
  | 'not-found'
  | 'method-not-allowed'
  | 'internal';

interface FailureRow {
  /** One status for both families, or one for each. */
  readonly status: number | readonly [account: number, apiKey: number];
  readonly code: number;
  /** For people: KOReader shows it on the device. */
  readonly message: string;
  /** Seconds. */
  readonly retryAfter?: string;
}

/**
 * Every failure of the sync routes, with the status and the body of its answer. 2001 to 2005, 103 and 104 are codes of
 * koreader-sync-server, which clients may know. 2000 is its internal error. The others are Dogear's own.
 */
const FAILURES: Readonly<Record<KosyncFailureCode, FailureRow>> = {
  unauthorized: { status: 401, code: 2001, message: 'Unauthorized' },
  'name-cut': {
    status: 401,
    code: 2001,
    message:
      'Unauthorized. This user name does not arrive whole from a reader. Use the address of Dogear followed by /koreader/ and an API key.',
  },
  forbidden: {
    status: 403,
    code: 2007,
    message: 'This account or API key may not sync. It needs the permission feature:koreader_sync.',
  },
  throttled: {
    status: 429,
    code: 2008,
    message: 'Too many failed logins. Try again in some minutes.',
    retryAfter: '600',
  },
  'registrations-throttled': {
    status: 429,
    code: 2015,
    message: 'Too many registrations came from this address. Try again in some minutes.',
    retryAfter: '600',
  },
  'owner-account': {
    status: 403,
    code: 2016,
    message: 'An owner of this server cannot be removed from a reading device.',
  },
  'name-taken': { status: 402, code: 2002, message: 'This user name is taken.' },
  'name-invalid': {
    status: [403, 400],
    code: 2003,
    message: USER_NAME_RULE,
  },
  'password-invalid': {
    status: [403, 400],
    code: 2003,
    message: "Field 'password' is missing or too long.",
  },
  'registration-off': { status: 402, code: 2005, message: 'This server does not take registrations.' },
  'document-missing': { status: [403, 400], code: 2004, message: "Field 'document' is missing." },
  'document-too-long': {
    status: [403, 400],
    code: 2004,
    message: "Field 'document' is longer than 255 bytes.",
  },
  'document-not-text': { status: [403, 400], code: 2004, message: "Field 'document' is not valid text." },
  'document-unknown': {
    status: 404,
    code: 2006,
    message:
      'No book with this hash is in the library. Add the book to a library with KOReader hashes switched on and scan it, or let the server store unknown documents.',
  },
  'field-invalid': { status: [403, 400], code: 2003, message: 'Invalid request' },
  'body-not-json': { status: 400, code: 103, message: 'The request body is not valid JSON.' },
  'body-not-object': { status: 400, code: 104, message: 'The request body is not a JSON object.' },
  'body-too-large': { status: 413, code: 2011, message: 'The request body is too large.' },
  'framing-doubtful': {
    status: 400,
    code: 2017,
    message: 'The headers of the request contradict each other about where its body ends.',
  },
  'path-invalid': { status: 400, code: 2012, message: 'The address has an escape that means nothing.' },
  'not-found': {
    status: 404,
    code: 2009,
    message:
      'Nothing is at this address. The custom sync server of KOReader is the address of Dogear, for API keys followed by /koreader/ and the key.',
  },
  'method-not-allowed': { status: 405, code: 2010, message: 'This address does not answer such requests.' },
  overloaded: { status: 503, code: 2013, message: 'The server is busy. Try again.', retryAfter: '1' },
  unavailable: {
    status: 503,
    code: 2014,
    message: 'The database is not available. Try again later.',
    retryAfter: '5',
  },
  refused: { status: 500, code: 2000, message: 'The database refused this progress.' },
  internal: { status: 500, code: 2000, message: 'Internal error' },
};

/** @param message a more specific one than the table's */
export function kosyncFailure(family: KosyncFamily, failure: KosyncFailureCode, message?: string): Answer {
  const row = FAILURES[failure];
  const status = typeof row.status === 'number' ? row.status : row.status[family === 'account' ? 0 : 1];
  const body = { code: row.code, message: message ?? row.message };
  return row.retryAfter === undefined
    ? jsonAnswer(status, body)
    : jsonAnswer(status, body, [['Retry-After', row.retryAfter]]);
}
