import { newApiKey } from './api-key-secret.js';
import { insertApiKey } from './api-key-repository.js';
import type { Store } from '../../database/store.js';
import { insertUser, isAnyUser } from '../user-repository.js';

const OWNER_NAME = 'owner';
const KEY_NAME = 'first reader';
/** A prefix that is taken is drawn again; with 32 million of them more than this means something is broken. */
const DRAWS = 10;

/**
 * Makes the owner and an API key for syncing where there is no user at all, so that a first run ends with an
 * address to type into KOReader.
 *
 * @returns the key, to be shown this once; `undefined` where there are users already
 */
export async function makeFirstKey(store: Store): Promise<string | undefined> {
  if (await isAnyUser(store)) return undefined;
  const owner = await insertUser(store, {
    name: OWNER_NAME,
    passwordHash: undefined,
    isOwner: true,
    permissions: new Set(),
  });
  // Another program was faster: it shows the key.
  if (owner === undefined) return undefined;
  for (let draw = 0; draw < DRAWS; draw++) {
    const { text, prefix, secretSha256 } = newApiKey();
    const key = await insertApiKey(store, {
      userId: owner.id,
      name: KEY_NAME,
      prefix,
      secretSha256,
      permissions: new Set(['feature:koreader_sync']),
      expiresSeconds: undefined,
    });
    if (key !== undefined) return text;
  }
  throw new Error('every prefix drawn for an API key was taken');
}
