import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import type { PasswordKey } from './password-key.js';

/**
 * 2^14 × 8 × 128 bytes: 16 MiB and about 40 ms of one core. A fleet that meets a restarted server wants all its
 * accounts verified within the readers' patience of two seconds, which forbids the heavier settings; the parameters
 * stand in each hash, so that they can grow.
 */
const LOG2_COST = 14;
const BLOCK_SIZE = 8;
const PARALLELISATION = 1;
const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** What a stored hash may ask for: 128 MiB. A database that was tampered with must not stop the server. */
const MAX_LOG2_COST = 17;
const MAX_MEMORY_BYTES = 256 * 1024 * 1024;

const STORED = /^\$scrypt\$ln=(\d{1,2}),r=8,p=1\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/;

/** @returns `$scrypt$ln=14,r=8,p=1$<salt>$<hash>` with unpadded Base64 (the PHC string format) */
export async function hashPasswordKey(key: PasswordKey): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const derived = await derive(key, salt, LOG2_COST);
  return `$scrypt$ln=${String(LOG2_COST)},r=${String(BLOCK_SIZE)},p=${String(PARALLELISATION)}$${unpadded(salt)}$${unpadded(derived)}`;
}

/** @returns `false` as well for a stored text that is no hash of ours */
export async function passwordKeyMatches(key: PasswordKey, stored: string): Promise<boolean> {
  const [, log2Cost, salt, expected] = STORED.exec(stored) ?? [];
  if (log2Cost === undefined || salt === undefined || expected === undefined) return false;
  if (Number(log2Cost) < 1 || Number(log2Cost) > MAX_LOG2_COST) return false;
  const derived = await derive(key, Buffer.from(salt, 'base64'), Number(log2Cost));
  return timingSafeEqual(derived, Buffer.from(expected, 'base64'));
}

/** No key has this hash. Checking against it costs what a real one costs, so that time does not tell who has an account. */
export const NOBODYS_HASH = `$scrypt$ln=${String(LOG2_COST)},r=8,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`;

/** Works on libuv's threads; the caller bounds how many at once (scrypt-gate.ts). */
function derive(key: PasswordKey, salt: Buffer, log2Cost: number): Promise<Buffer> {
  const parameters = { N: 2 ** log2Cost, r: BLOCK_SIZE, p: PARALLELISATION, maxmem: MAX_MEMORY_BYTES };
  return new Promise((resolve, reject) => {
    scrypt(key, salt, HASH_BYTES, parameters, (error, derived) => {
      if (error === null) resolve(derived);
      else reject(error);
    });
  });
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
