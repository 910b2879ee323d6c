import { type PasswordKey, passwordKeyOf } from './password-key.js';
import { hashPasswordKey } from './scrypt-hash.js';
import { DogearError } from '../../domain/dogear-error.js';
import { isName } from '../../domain/name.js';

/** Longer ones are not typed on any reader. Bytes would be no better a bound: what is hashed is the MD5. */
export const PASSWORD_CHARACTERS = 256;

/** @returns `undefined` when too many hashes are being made already */
export type PasswordHasher = (key: PasswordKey) => Promise<string> | undefined;

/**
 * What is stored of a password that somebody sets at the server. Readers will send its MD5, so that is what is hashed.
 *
 * @param hash a server's own one, which bounds the work; by default without a bound
 * @throws DogearError `password-invalid`, `overloaded`
 */
export async function hashPassword(
  password: string,
  hash: PasswordHasher = hashPasswordKey,
): Promise<string> {
  if (!isName(password, PASSWORD_CHARACTERS)) {
    throw new DogearError(
      'password-invalid',
      `A password has 1 to ${String(PASSWORD_CHARACTERS)} characters and no line breaks.`,
    );
  }
  const stored = await hash(passwordKeyOf(password));
  if (stored !== undefined) return stored;
  throw new DogearError('overloaded', 'Too many passwords are being checked. Try again.');
}
