import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import type { PasswordKey } from './password-key.js';

/**
 * 2^14 × 8 × 128 bytes: a hash takes 16 MiB and about 40 ms of one core. After a restart, a server must verify all
 * accounts of a fleet, and readers give up after two seconds; this rules out heavier settings. Each stored hash contains
 * its parameters, so they can be raised later.
 */
const LOG2_COST = 14;
const BLOCK_SIZE = 8;
const PARALLELISATION = 1;
const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** The largest cost of a stored hash, 128 MiB. Otherwise a manipulated database could stop the server. */
const MAX_LOG2_COST = 17;
const MAX_MEMORY_BYTES = 256 * 1024 * 1024;

const STORED = /^\$scrypt\$ln=(\d{1,2}),r=8,p=1\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/;

declare const brand: unique symbol;

/** A text that {@link hashPasswordKey} has made, here or elsewhere. */
export type StoredPasswordHash = string & { readonly [brand]: 'StoredPasswordHash' };

/** @returns `undefined` for a text that {@link passwordKeyMatches} would never accept */
export function parseStoredHash(text: string): StoredPasswordHash | undefined {
  const log2Cost = Number(STORED.exec(text)?.[1]);
  if (!(log2Cost >= 1 && log2Cost <= MAX_LOG2_COST)) return undefined;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place where a stored hash is made
  return text as StoredPasswordHash;
}

/**
 * Hashes a key with a random salt.
 *
 * @returns `$scrypt$ln=14,r=8,p=1$<salt>$<hash>` with unpadded Base64 (the PHC string format)
 */
export async function hashPasswordKey(key: PasswordKey): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const derived = await derive(key, salt, LOG2_COST);
  return `$scrypt$ln=${String(LOG2_COST)},r=${String(BLOCK_SIZE)},p=${String(PARALLELISATION)}$${unpadded(salt)}$${unpadded(derived)}`;
}

/** @returns `false` also for a stored text that {@link hashPasswordKey} did not make, or whose cost is too high */
export async function passwordKeyMatches(key: PasswordKey, stored: string): Promise<boolean> {
  const [, log2Cost, salt, expected] = STORED.exec(stored) ?? [];
  if (log2Cost === undefined || salt === undefined || expected === undefined) return false;
  if (Number(log2Cost) < 1 || Number(log2Cost) > MAX_LOG2_COST) return false;
  const derived = await derive(key, Buffer.from(salt, 'base64'), Number(log2Cost));
  return timingSafeEqual(derived, Buffer.from(expected, 'base64'));
}

/**
 * A hash that no key matches. It is checked for unknown names, so that the time of an answer does not reveal whether an
 * account exists.
 */
export const NOBODYS_HASH = `$scrypt$ln=${String(LOG2_COST)},r=8,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`;

/** Runs on libuv's threads. The caller bounds how many run at once (password-check.ts). */
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
