import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import {
  API_KEY_ALPHABET,
  API_KEY_PREFIX_CHARACTERS,
  API_KEY_SECRET_CHARACTERS,
  formatApiKeyText,
} from './api-key-text.js';

export interface NewApiKey {
  /** The whole key, `dogear_<prefix>_<secret>`. It is shown once and never stored. */
  readonly text: string;
  readonly prefix: string;
  readonly secretSha256: Buffer;
}

/** Generates a random key. Its prefix may be taken already: the database refuses it then (insert-new-api-key.ts). */
export function newApiKey(): NewApiKey {
  const prefix = randomCharacters(API_KEY_PREFIX_CHARACTERS);
  const secret = randomCharacters(API_KEY_SECRET_CHARACTERS);
  return { text: formatApiKeyText({ prefix, secret }), prefix, secretSha256: sha256(secret) };
}

/**
 * Compares a secret with a stored hash, in constant time. One round of SHA-256 is enough, because the secret is 128
 * random bits and cannot be guessed. It costs a request one microsecond.
 */
export function secretMatches(secret: string, storedSha256: Buffer): boolean {
  const presented = sha256(secret);
  return presented.length === storedSha256.length && timingSafeEqual(presented, storedSha256);
}

function sha256(secret: string): Buffer {
  return hash('sha256', secret, 'buffer');
}

/** The largest multiple of the alphabet's length in a byte. Larger bytes are dropped: they would favour some characters. */
const FAIR_BYTES = 256 - (256 % API_KEY_ALPHABET.length);

function randomCharacters(count: number): string {
  let characters = '';
  while (characters.length < count) {
    for (const byte of randomBytes(count)) {
      if (byte < FAIR_BYTES && characters.length < count) {
        characters += API_KEY_ALPHABET.charAt(byte % API_KEY_ALPHABET.length);
      }
    }
  }
  return characters;
}
