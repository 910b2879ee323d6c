import { type LoginCredentials, headerName, wholeName } from '../../../accounts/login-name.js';
import { parsePasswordKey, passwordKeyOf } from '../../../accounts/passwords/password-key.js';
import { SyncError } from '../../../domain/sync-error.js';

/** The headers of a request that can hold account credentials; `undefined`: the request does not have the header. */
export interface CredentialHeaders {
  /** `x-auth-user` */
  readonly user: string | undefined;
  /** Whether `x-auth-user` was sent, but nothing of it arrived: a name like "名前". */
  readonly isUserLost: boolean;
  /** `x-auth-key`: the MD5 of the password as KOReader sends it */
  readonly key: string | undefined;
  readonly authorization: string | undefined;
}

/**
 * Reads the account credentials of a request: KOReader's own headers if both are there and well formed, otherwise HTTP
 * Basic.
 *
 * @returns `undefined` when neither of them is there and well formed
 * @throws SyncError `name-cut` when only the user name is missing, because nothing of it arrived
 */
export function readAccountCredentials({
  user,
  isUserLost,
  key,
  authorization,
}: CredentialHeaders): LoginCredentials | undefined {
  const passwordKey = parsePasswordKey(key);
  if (user !== undefined && passwordKey !== undefined) return { ...headerName(user), key: passwordKey };
  const basic = authorization === undefined ? undefined : parseBasicCredentials(authorization);
  if (basic === undefined && passwordKey !== undefined && isUserLost) {
    throw new SyncError('name-cut', 'Nothing arrived of the user name.');
  }
  return basic;
}

/**
 * Parses the header `Authorization: Basic …` (RFC 7617, UTF-8). The header holds the plain password. Its MD5 is taken
 * as the key, so that the same account works for readers that send the MD5 themselves.
 *
 * @returns `undefined` for another scheme, a malformed header, an empty name or an empty password
 */
function parseBasicCredentials(header: string): LoginCredentials | undefined {
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(header)?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1 || colon === text.length - 1) return undefined;
  return { ...wholeName(text.slice(0, colon)), key: passwordKeyOf(text.slice(colon + 1)) };
}
