import { SyncError } from '../../domain/sync-error.js';
import type { Principal } from '../../domain/principal.js';
import { DogearError } from '../../domain/dogear-error.js';
import { isFullOwner } from '../permission-check.js';
import { findConsoleLink, takeConsoleLink } from './console-link-repository.js';
import { markOwnerClaimed } from './owner-claim-repository.js';
import type { Store } from '../../database/store.js';
import { inTransaction } from '../../database/transaction.js';
import type { Accounts } from '../accounts.js';
import type { RequestOrigin } from '../authenticate.js';
import { wholeName } from '../login-name.js';
import { passwordKeyOf } from '../passwords/password-key.js';
import { lockUser } from '../user-repository.js';
import type { User } from '../user.js';
import { newSecret, secretSha256 } from './random-secret.js';
import { idleSinceSeconds, passwordSha256, type SessionSummary, type SessionVia } from './session.js';
import {
  deleteIdleSessions,
  deleteOldestSessions,
  insertSession,
  type NewSessionRow,
  sessionsBySecret,
} from './session-repository.js';

/** Far more browsers than one person has. A faulty script that signs in again and again must not fill the table. */
const SESSIONS_A_USER = 50;
/** Counted apart: somebody who found the key of a reader must not end the sessions of its user. */
const SESSIONS_A_KEY = 10;
/** Ended sessions of anybody that a sign-in deletes: more than it adds, so the table shrinks to those that live. */
const PRUNED_AT_ONCE = 100;

type SignInAccounts = Pick<Accounts, 'store' | 'authenticator' | 'passwords'>;

export interface StartedSession {
  readonly session: SessionSummary;
  /** For the cookie. It is not stored, so it must be sent now. */
  readonly secret: string;
}

export interface SignIn extends RequestOrigin {
  /** As lists of sessions show it. */
  readonly browser: string | undefined;
}

/**
 * Begins a session with a name and a password in plain text. Failures are counted and throttled with those of readers.
 *
 * @throws SyncError `unauthorized`, `throttled`, `overloaded`, `unavailable`
 */
export async function signInWithPassword(
  accounts: SignInAccounts,
  { name, password }: { readonly name: string; readonly password: string },
  signIn: SignIn,
): Promise<StartedSession> {
  const credentials = { ...wholeName(name), key: passwordKeyOf(password) };
  const principal = await accounts.authenticator.byAccount(credentials, signIn);
  return startSession(accounts, principal, 'password', signIn, (user) => {
    // The password may have been changed since it was checked.
    const { id, passwordHash } = user;
    return passwordHash !== undefined && accounts.passwords.isVerified({ id, passwordHash }, credentials.key);
  });
}

/**
 * Begins a session with an API key. It permits at most what the key permits, and ends with the key.
 *
 * @throws SyncError `unauthorized`, `throttled`, `overloaded`, `unavailable`
 */
export async function signInWithApiKey(
  accounts: SignInAccounts,
  text: string,
  signIn: SignIn,
): Promise<StartedSession> {
  const principal = await accounts.authenticator.byApiKey(text, signIn);
  return startSession(accounts, principal, 'api-key', signIn);
}

/**
 * Begins a session with a link that makeConsoleLink() made. It is void afterwards.
 *
 * @throws DogearError `link-invalid`; SyncError `throttled`
 */
export async function signInWithLink(
  { store, authenticator }: SignInAccounts,
  token: string,
  signIn: SignIn,
): Promise<StartedSession> {
  // Before the transaction: anybody may send tokens, and pushes to SQLite wait for transactions.
  const hash = secretSha256(token);
  const link = hash && (await findConsoleLink(store, hash, 'sign-in'));
  if (link?.userId === undefined) throw refusedLink(authenticator, token, signIn);
  const { id: linkId, userId } = link;
  let made: StartedSession | undefined;
  return inTransaction(store, async (transaction) => {
    // The transaction is run again because the answer to its commit was lost. The link is used up already.
    if (made !== undefined && (await isSession(transaction, made.secret))) return made;
    const user = await lockUser(transaction, userId);
    const isTaken = !(await takeConsoleLink(transaction, linkId));
    if (isTaken || user?.isOwner !== true || user.isDisabled) throw refusedLink(authenticator, token, signIn);
    await markOwnerClaimed(transaction);
    made = await addSession(transaction, user, {
      via: 'link',
      apiKeyId: undefined,
      browser: signIn.browser,
    });
    return made;
  });
}

/** What to throw for a link that is not valid. It counts as a failed login. */
export function refusedLink(
  authenticator: Accounts['authenticator'],
  token: string,
  origin: RequestOrigin,
): Error {
  const refusal = authenticator.wrongSecret(token, origin);
  if (refusal.code === 'throttled') return refusal;
  return new DogearError('link-invalid', 'The link has been used, or it is too old.');
}

async function isSession(store: Store, secret: string): Promise<boolean> {
  const hash = secretSha256(secret)?.toString('hex') ?? '';
  return (await sessionsBySecret(store, [hash])).has(hash);
}

async function startSession(
  { store }: SignInAccounts,
  principal: Principal,
  via: SessionVia,
  { browser }: SignIn,
  isStillRight: (user: User) => boolean = () => true,
): Promise<StartedSession> {
  await deleteIdleSessions(store, idleSinceSeconds(), PRUNED_AT_ONCE);
  return inTransaction(store, async (transaction) => {
    if (isFullOwner(principal)) await markOwnerClaimed(transaction);
    // The user's sessions are counted while no other one can be added.
    const user = await lockUser(transaction, principal.userId);
    if (user === undefined || user.isDisabled || !isStillRight(user)) {
      throw new SyncError('unauthorized', 'These credentials are not valid any more.');
    }
    return addSession(transaction, user, { via, apiKeyId: principal.apiKeyId, browser });
  });
}

/**
 * In a transaction that has locked the user. When it is run again because the answer to its commit was lost, a session
 * stays that nobody has the secret of; it is forgotten as the oldest one, or after 30 days.
 */
export async function addSession(
  transaction: Store,
  user: User,
  start: Pick<NewSessionRow, 'via' | 'apiKeyId' | 'browser'>,
): Promise<StartedSession> {
  const { text, sha256 } = newSecret();
  const session = await insertSession(transaction, {
    ...start,
    userId: user.id,
    secretSha256: sha256,
    passwordSha256: passwordSha256(user),
  });
  const { apiKeyId } = start;
  const kept = apiKeyId === undefined ? SESSIONS_A_USER : SESSIONS_A_KEY;
  await deleteOldestSessions(transaction, { userId: user.id, apiKeyId }, kept);
  return { session, secret: text };
}
