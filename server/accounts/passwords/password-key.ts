import { hash } from 'node:crypto';

declare const brand: unique symbol;

/**
 * What a reader sends to authenticate. KOReader sends the MD5 of the password in lowercase hex and never the password
 * itself; other clients send other texts. For the server this text is the password, so it is stored hashed.
 */
export type PasswordKey = string & { readonly [brand]: 'PasswordKey' };

/** Far more than the 32 hex digits of KOReader, and still cheap to hash. */
const PASSWORD_KEY_CHARACTERS = 128;

/** @returns `undefined` for a key that is absent, not a string, empty or too long */
export function parsePasswordKey(text: unknown): PasswordKey | undefined {
  if (typeof text !== 'string' || text === '' || text.length > PASSWORD_KEY_CHARACTERS) return undefined;
  return asPasswordKey(text);
}

/** The key that KOReader sends for a password. Used for HTTP Basic and for passwords that are set at the server. */
export function passwordKeyOf(password: string): PasswordKey {
  return asPasswordKey(hash('md5', password, 'hex'));
}

function asPasswordKey(text: string): PasswordKey {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place where a key is made
  return text as PasswordKey;
}

/** A user name and the key that proves it, as somebody typed or sent them. Nothing is checked yet. */
export interface AccountCredentials {
  readonly name: string;
  readonly key: PasswordKey;
}
