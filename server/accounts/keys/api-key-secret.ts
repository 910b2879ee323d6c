import { hash, randomBytes } from 'node:crypto';
import { API_KEY_ALPHABET, API_KEY_CHARACTERS, parseApiKeyText } from './api-key-text.js';

export interface NewApiKey {
  /** The whole key. It is shown once and never stored. */
  readonly text: string;
  readonly prefix: string;
  readonly secretHash: string;
}

const LETTERS = API_KEY_ALPHABET.replaceAll(/\d/g, '');

/**
 * Generates a random key. It begins with a letter, so that a prefix on the command line is never taken for an id; that leaves
 * it 118.5 bits. A server that runs for ever makes no two equal ones; the database would refuse the second.
 */
export function newApiKey(): NewApiKey {
  const text = randomCharacters(LETTERS, 1) + randomCharacters(API_KEY_ALPHABET, API_KEY_CHARACTERS - 1);
  const parsed = parseApiKeyText(text);
  if (parsed === undefined) throw new Error('the generated key does not have the form of one');
  return { text, prefix: parsed.prefix, secretHash: hashOfSecret(parsed.secret) };
}

/**
 * The SHA-256 of the secret of a key, in Base64. Keys are looked up by it, in the cache and in the database, so nothing is
 * compared with the secret itself. One round is enough, because a secret of 118 random bits and more cannot be guessed. It
 * costs a request one microsecond.
 */
export function hashOfSecret(secret: string): string {
  return hash('sha256', secret, 'base64');
}

function randomCharacters(alphabet: string, count: number): string {
  // The largest multiple of the alphabet's length in a byte. Larger bytes are dropped: they would favour some characters.
  const fairBytes = 256 - (256 % alphabet.length);
  let characters = '';
  while (characters.length < count) {
    for (const byte of randomBytes(count)) {
      if (byte < fairBytes && characters.length < count) {
        characters += alphabet.charAt(byte % alphabet.length);
      }
    }
  }
  return characters;
}
