import { NEXT_REVISION } from '../../database/schema.js';
import type { Store } from '../../database/store.js';

/** Until the transaction ends no other one makes an owner who can sign in. It is written, as in `lockUserNames`. */
export async function lockOwnerClaim({ db }: Store): Promise<void> {
  await db.updateTable('owner_claim').set(NEXT_REVISION).execute();
}

/** Whether an owner has signed in to the console before, with everything that an owner may do. */
export async function isOwnerClaimed({ db }: Store): Promise<boolean> {
  const row = await db.selectFrom('owner_claim').select('claimed_s').executeTakeFirst();
  return (row?.claimed_s ?? null) !== null;
}

/** Keeps the first time. */
export async function markOwnerClaimed({ db }: Store): Promise<void> {
  await db
    .updateTable('owner_claim')
    .set({ claimed_s: Math.floor(Date.now() / 1000) })
    .where('claimed_s', 'is', null)
    .execute();
}
