import { createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';

/**
 * Hashes secrets so that they can be keys of a cache: HMAC-SHA-256 under a random key that is generated for this object
 * and never stored. A dump of the cache does not reveal the secrets, and another process has other hashes.
 */
export class KeyedHash {
  readonly #hmacKey: KeyObject;

  /** @param secret shared by threads that are to get the same hashes; by default one of this object alone */
  constructor(secret: Uint8Array = randomBytes(32)) {
    this.#hmacKey = createSecretKey(secret);
  }

  /** @returns Base64. Equal only for the same texts in the same order: `of('ab', 'c')` is not `of('a', 'bc')`. */
  of(...texts: readonly string[]): string {
    const hmac = createHmac('sha256', this.#hmacKey);
    for (const text of texts) hmac.update(`${String(text.length)}:${text}`);
    return hmac.digest('base64');
  }
}
