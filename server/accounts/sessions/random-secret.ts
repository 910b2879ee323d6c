import { hash, randomBytes } from 'node:crypto';

/** 256 bits, of which nothing but a hash is stored. Nobody types them, so they need not be short. */
const SECRET_BYTES = 32;
const SECRET = /^[A-Za-z0-9_-]{43}$/;

/** A secret for a cookie or a link: the text itself, which is shown or sent once, and what is stored of it. */
export interface NewSecret {
  readonly text: string;
  readonly sha256: Buffer;
}

export function newSecret(): NewSecret {
  const text = randomBytes(SECRET_BYTES).toString('base64url');
  return { text, sha256: hash('sha256', text, 'buffer') };
}

/** What is stored of a secret, and looked up. @returns `undefined` for a text that {@link newSecret} cannot have made */
export function secretSha256(text: string): Buffer | undefined {
  return SECRET.test(text) ? hash('sha256', text, 'buffer') : undefined;
}
