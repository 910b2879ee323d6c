import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import {
  API_KEY_ALPHABET,
  API_KEY_PREFIX_CHARACTERS,
  API_KEY_SECRET_CHARACTERS,
  formatApiKeyText,
} from './api-key-text.js';

export interface NewApiKey {
  /** Shown once and stored nowhere. */
  readonly text: string;
  readonly prefix: string;
  readonly secretSha256: Buffer;
}

/** Makes up a key. Its prefix may be taken: the database has the last word, and another is drawn. */
export function newApiKey(): NewApiKey {
  const prefix = randomCharacters(API_KEY_PREFIX_CHARACTERS);
  const secret = randomCharacters(API_KEY_SECRET_CHARACTERS);
  return { text: formatApiKeyText({ prefix, secret }), prefix, secretSha256: sha256(secret) };
}

/**
 * Compares in constant time. One round of SHA-256 is enough where the secret is 128 random bits: nobody can try
 * them, and it costs a request one microsecond.
 */
export function secretMatches(secret: string, storedSha256: Buffer): boolean {
  const presented = sha256(secret);
  return presented.length === storedSha256.length && timingSafeEqual(presented, storedSha256);
}

function sha256(secret: string): Buffer {
  return hash('sha256', secret, 'buffer');
}

/** Largest multiple of the alphabet's length in a byte: bytes from here on would favour the first characters. */
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
