import type { Store } from '../../database/store.js';
import { isAnyOwnerWithPassword } from '../user-repository.js';
import { isOwnerClaimed } from './owner-claim-repository.js';

/**
 * Whether there is an owner who can sign in to the console: one with a password, or one who has signed in before. An owner
 * with nothing but the API key of a first reader cannot: the key permits syncing alone.
 */
export async function canOwnerSignIn(store: Store): Promise<boolean> {
  return (await isOwnerClaimed(store)) || (await isAnyOwnerWithPassword(store));
}
