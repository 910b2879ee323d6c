import type { Store } from '../../database/store.js';
import { inTransaction } from '../../database/transaction.js';
import { insertUser, isAnyUser } from '../user-repository.js';
import { insertNewApiKey, isStored, type InsertedApiKey } from './insert-new-api-key.js';

const OWNER_NAME = 'owner';
const KEY_NAME = 'first reader';

/**
 * Adds an owner and an API key for syncing if there is no user at all. A first run can then show an address to type
 * into KOReader.
 *
 * @returns the whole key, which is not stored and must be shown now; `undefined` if there are users already
 */
export async function makeFirstKey(store: Store): Promise<string | undefined> {
  if (await isAnyUser(store)) return undefined;
  let made: InsertedApiKey | undefined;
  return inTransaction(store, async (transaction) => {
    // Nobody else could show this key.
    if (made !== undefined && (await isStored(transaction, made))) return made.text;
    const owner = await insertUser(transaction, {
      name: OWNER_NAME,
      passwordHash: undefined,
      isOwner: true,
      permissions: new Set(),
    });
    // Another program has added the owner at the same moment. That program shows the key.
    if (owner === undefined) return undefined;
    made = await insertNewApiKey(transaction, {
      userId: owner.id,
      name: KEY_NAME,
      permissions: new Set(['feature:koreader_sync']),
      expiresSeconds: undefined,
    });
    return made.text;
  });
}
