import { type PasswordKey, passwordKeyOf } from './password-key.js';
import { hashPasswordKey } from './scrypt-hash.js';
import { DogearError } from '../../domain/dogear-error.js';
import { isSingleLine } from '../../domain/single-line.js';

/** The largest number of UTF-16 code units in a password. Nobody types a longer one. scrypt only gets its MD5. */
const PASSWORD_CHARACTERS = 256;

/** @returns `undefined` at once when too many passwords are waiting to be hashed */
export type PasswordHasher = (key: PasswordKey) => Promise<string> | undefined;

/**
 * Hashes a password that is set at the server. Readers will send the MD5 of the password, so the MD5 is hashed.
 *
 * @param password in plain text
 * @param hash a server passes its own, whose work is bounded; default: hashes without a bound
 * @returns the text to store
 * @throws DogearError `password-invalid`, `overloaded`
 */
export async function hashPassword(
  password: string,
  hash: PasswordHasher = hashPasswordKey,
): Promise<string> {
  requirePassword(password);
  const stored = await hash(passwordKeyOf(password));
  if (stored !== undefined) return stored;
  throw new DogearError('overloaded', 'Too many passwords are being checked. Try again.');
}

/** @throws DogearError `password-invalid` */
export function requirePassword(text: string): void {
  if (isSingleLine(text, PASSWORD_CHARACTERS)) return;
  throw new DogearError(
    'password-invalid',
    `A password has 1 to ${String(PASSWORD_CHARACTERS)} characters and no line breaks.`,
  );
}
