import type { Store } from '../../database/store.js';
import { inTransaction } from '../../database/transaction.js';
import type { UserId } from '../../domain/ids.js';
import { DogearError } from '../../domain/dogear-error.js';
import type { Accounts } from '../accounts.js';
import { nameTaken } from '../add-user.js';
import { insertNamedUser } from '../insert-new-user.js';
import { hashPassword } from '../passwords/password-hasher.js';
import { parseUserName, USER_NAME_RULE } from '../user-name.js';
import type { UserSummary } from '../user.js';
import {
  findUserById,
  findUserByName,
  firstOwner,
  lockUser,
  lockUserNames,
  setPasswordHash,
  setUserName,
} from '../user-repository.js';
import { deleteConsoleLinksOfKind, findConsoleLink } from './console-link-repository.js';
import { lockOwnerClaim, markOwnerClaimed } from './owner-claim-repository.js';
import { canOwnerSignIn } from './owner-state.js';
import { secretSha256 } from './random-secret.js';
import { addSession, refusedLink, type SignIn, type StartedSession } from './start-session.js';

export interface OwnerSetup {
  /** Of a link that makeSetupLink() made. */
  readonly token: string;
  readonly name: string;
  /** In plain text. */
  readonly password: string;
}

type SetupAccounts = Pick<
  Accounts,
  'store' | 'authenticator' | 'passwords' | 'forgetUser' | 'canOwnerSignIn'
>;

/**
 * The owner whom {@link setUpOwner} would give a name and a password, because nobody can sign in as this owner yet.
 *
 * @returns `undefined` when it would make a new one
 * @throws DogearError `owner-exists`, `link-invalid`; SyncError `throttled`
 */
export async function checkSetup(
  accounts: SetupAccounts,
  token: string,
  signIn: SignIn,
): Promise<UserSummary | undefined> {
  await requireUnclaimed(accounts);
  await requireSetupLink(accounts.store, accounts, token, signIn);
  return firstOwner(accounts.store, { withoutPassword: true });
}

/**
 * Makes the first owner who can sign in, and signs them in. If there is an owner without a password, as the first start
 * with a folder makes one, this owner gets the name and the password, and keeps all API keys. Otherwise a new one is made.
 *
 * Of two browsers that do it at once, also at two servers, one succeeds. All links of this kind are void then.
 *
 * @throws DogearError `owner-exists`, `link-invalid`, `user-invalid`, `user-exists`, `password-invalid`, `overloaded`;
 *   SyncError `throttled`
 */
export async function setUpOwner(
  accounts: SetupAccounts,
  { token, name, password }: OwnerSetup,
  signIn: SignIn,
): Promise<StartedSession> {
  const { store, passwords } = accounts;
  const parsed = parseUserName(name);
  if (parsed === undefined) throw new DogearError('user-invalid', USER_NAME_RULE);
  // Before the expensive hash. What is decided here is decided again below.
  await requireUnclaimed(accounts);
  await requireSetupLink(store, accounts, token, signIn);
  const passwordHash = await hashPassword(password, (key) => passwords.hash(key));
  let made: ClaimedOwner | undefined;
  const started = await inTransaction(store, async (transaction) => {
    await lockOwnerClaim(transaction);
    const before = made && (await findUserById(transaction, made.id));
    // Not if the transaction is run again because the answer to its commit was lost: the owner has been made already.
    if (made === undefined || before?.passwordHash !== passwordHash) {
      await requireSetupLink(transaction, accounts, token, signIn);
      made = await claimOwner(transaction, parsed, passwordHash);
      await deleteConsoleLinksOfKind(transaction, 'setup');
      await markOwnerClaimed(transaction);
    }
    const owner = await lockUser(transaction, made.id);
    if (owner === undefined) throw new Error('the owner is gone');
    return addSession(transaction, owner, { via: 'password', apiKeyId: undefined, browser: signIn.browser });
  });
  for (const known of made?.names ?? []) accounts.forgetUser(known);
  return started;
}

interface ClaimedOwner {
  readonly id: UserId;
  /** Now, and before. */
  readonly names: readonly string[];
}

async function claimOwner(transaction: Store, name: string, passwordHash: string): Promise<ClaimedOwner> {
  const claimed = await firstOwner(transaction, { withoutPassword: true });
  if (claimed === undefined) {
    const user = { name, passwordHash, isOwner: true, permissions: new Set<never>() };
    const added = await insertNamedUser(transaction, user, { mayShareHeader: true });
    if (added === undefined) throw nameTaken(name);
    return { id: added.id, names: [name] };
  }
  await lockUserNames(transaction);
  const other = await findUserByName(transaction, name);
  if (other !== undefined && other.id !== claimed.id) throw nameTaken(name);
  await setUserName(transaction, claimed.id, name);
  await setPasswordHash(transaction, claimed.id, passwordHash);
  return { id: claimed.id, names: [name, claimed.name] };
}

/** From the cache: anybody may ask, as often as they like. */
async function requireUnclaimed(accounts: Pick<Accounts, 'canOwnerSignIn'>): Promise<void> {
  if (await accounts.canOwnerSignIn()) throw ownerExists();
}

function ownerExists(): DogearError {
  return new DogearError('owner-exists', 'This server has an owner already, who can sign in.');
}

async function requireSetupLink(
  store: Store,
  { authenticator }: Pick<SetupAccounts, 'authenticator'>,
  token: string,
  signIn: SignIn,
): Promise<void> {
  if (await canOwnerSignIn(store)) throw ownerExists();
  const hash = secretSha256(token);
  if (hash !== undefined && (await findConsoleLink(store, hash, 'setup')) !== undefined) return;
  throw refusedLink(authenticator, token, signIn);
}
