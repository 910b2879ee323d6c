import { hash } from 'node:crypto';

declare const brand: unique symbol;

/**
 * What a reader proves itself with: KOReader sends the lowercase hex MD5 of the password and never the password.
 * To the server it is a password like any other, so it is stored hashed. Other clients send other texts.
 */
export type PasswordKey = string & { readonly [brand]: 'PasswordKey' };

/** Far more than 32 hex digits, and nothing that costs anything to hash. */
const PASSWORD_KEY_CHARACTERS = 128;

/** @returns `undefined` for an absent, empty or overlong key */
export function parsePasswordKey(text: unknown): PasswordKey | undefined {
  if (typeof text !== 'string' || text === '' || text.length > PASSWORD_KEY_CHARACTERS) return undefined;
  return asPasswordKey(text);
}

/** The key that KOReader makes of a password: for HTTP Basic, and for passwords set at the server. */
export function passwordKeyOf(password: string): PasswordKey {
  return asPasswordKey(hash('md5', password, 'hex'));
}

function asPasswordKey(text: string): PasswordKey {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place where a key is made
  return text as PasswordKey;
}
