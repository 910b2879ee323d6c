import { type AccountCredentials, parseBasicCredentials } from './passwords/basic-credentials.js';
import { parsePasswordKey } from './passwords/password-key.js';

export type { AccountCredentials } from './passwords/basic-credentials.js';

/** What a request says about its account, as it came. */
export interface CredentialHeaders {
  readonly user: string | undefined;
  readonly key: string | undefined;
  readonly authorization: string | undefined;
}

/** Readers' own headers before HTTP Basic. @returns `undefined` when neither is there and well formed */
export function readAccountCredentials({
  user,
  key,
  authorization,
}: CredentialHeaders): AccountCredentials | undefined {
  const passwordKey = parsePasswordKey(key);
  if (user !== undefined && passwordKey !== undefined) return { name: user, key: passwordKey };
  return authorization === undefined ? undefined : parseBasicCredentials(authorization);
}
