import { type PasswordKey, passwordKeyOf } from './password-key.js';

export interface AccountCredentials {
  readonly name: string;
  readonly key: PasswordKey;
}

/**
 * Reads `Authorization: Basic …` (RFC 7617, UTF-8). The password is plain there, so its MD5 is taken, and the same
 * account works for readers that send the MD5 themselves.
 *
 * @returns `undefined` for another scheme or a header that is not well formed
 */
export function parseBasicCredentials(header: string): AccountCredentials | undefined {
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(header)?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1 || colon === text.length - 1) return undefined;
  return { name: text.slice(0, colon), key: passwordKeyOf(text.slice(colon + 1)) };
}
