import { createHmac, createSecretKey, randomBytes } from 'node:crypto';

/**
 * Names secrets without giving them away: an HMAC-SHA-256 under a key that this process made up and never writes
 * down. Two processes have different names for the same secret.
 */
export class KeyedHash {
  readonly #processKey = createSecretKey(randomBytes(32));

  /** @returns Base64; the same for the same texts in the same order, wherever one ends and the next begins */
  of(...texts: readonly string[]): string {
    const hmac = createHmac('sha256', this.#processKey);
    for (const text of texts) hmac.update(`${String(text.length)}:${text}`);
    return hmac.digest('base64');
  }
}
