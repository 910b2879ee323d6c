import type { Store } from '../database/store.js';
import { inTransaction } from '../database/transaction.js';
import { arrivingLike, loserOfHeader } from './header-sharing.js';
import type { UserSummary } from './user.js';
import { findUserById, insertUser, lockUserNames, type NewUser } from './user-repository.js';

/** Transactions that give names may deadlock in a cluster; they are short. */
const RETRIES = { attempts: 3 } as const;

export interface AddedUser extends UserSummary {
  /** The name of a user who can no longer log in with `x-auth-user`, because the new name arrives like that name. */
  readonly takesHeaderOf: string | undefined;
}

/**
 * Inserts a user. No other name is given meanwhile, so what is found out about names that arrive alike stays true.
 *
 * @param mayShareHeader `false`: the name is also refused if it arrives in a header like the name of another user
 * @returns `undefined` when the name is taken
 */
export async function insertNewUser(
  store: Store,
  user: NewUser,
  { mayShareHeader }: { readonly mayShareHeader: boolean },
): Promise<AddedUser | undefined> {
  let made: AddedUser | undefined;
  return inTransaction(
    store,
    async (transaction) => {
      if (made !== undefined) {
        const known = await findUserById(transaction, made.id);
        // The transaction is run again because the answer to its commit was lost. The user has been added already.
        if (known?.name === user.name && known.passwordHash === user.passwordHash) return made;
      }
      made = await insertNamedUser(transaction, user, { mayShareHeader });
      return made;
    },
    RETRIES,
  );
}

/** The same, in a transaction of the caller. */
export async function insertNamedUser(
  transaction: Store,
  user: NewUser,
  { mayShareHeader }: { readonly mayShareHeader: boolean },
): Promise<AddedUser | undefined> {
  await lockUserNames(transaction);
  const arriving = await arrivingLike(transaction, user.name);
  if (arriving !== undefined && !mayShareHeader) return undefined;
  const added = await insertUser(transaction, user);
  return added && { ...added, takesHeaderOf: loserOfHeader(arriving, user.name) };
}
