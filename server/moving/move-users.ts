import { insertNewUser } from '../accounts/insert-new-user.js';
import { headerName, loginTextOf, wholeName } from '../accounts/login-name.js';
import { parsePasswordKey, type PasswordKey } from '../accounts/passwords/password-key.js';
import { hashPasswordKey, passwordKeyMatches } from '../accounts/passwords/scrypt-hash.js';
import { PERMISSIONS_OF_REGISTERED } from '../accounts/register-account.js';
import type { User } from '../accounts/user.js';
import { headerFormOf, parseUserName } from '../accounts/user-name.js';
import { usersByLogin } from '../accounts/user-repository.js';
import { idChunks } from '../database/bulk-write.js';
import type { Store } from '../database/store.js';
import type { UserId } from '../domain/ids.js';
import type { MoveContext } from './move-context.js';
import type { MovedSecret, MovedUser } from './moved-record.js';
import type { LeftOut } from './move-tally.js';
import { isWholeText } from './read-place.js';

/** Hashes at once: as many as libuv has threads. Each takes 16 MiB and 40 ms of a core. */
const USERS_AT_ONCE = 4;
/** Longer names are refused whatever they hold, and need not be looked at. */
const NAME_BYTES = 1024;

interface CheckedUser {
  readonly moved: MovedUser;
  readonly name: string;
  readonly secret: CheckedSecret;
}

type CheckedSecret =
  { readonly kind: 'key'; readonly key: PasswordKey } | Exclude<MovedSecret, { readonly kind: 'key' }>;

/**
 * Makes the users of another server, with the keys that their readers send, or finds them. A user whom Dogear has with
 * another password may be another person: nothing of such a user is moved unless it is said that they are the same. What
 * Dogear has of a user, password and permissions, stays as it is.
 */
export async function moveUsers(
  store: Store,
  users: readonly MovedUser[],
  context: MoveContext,
): Promise<void> {
  const checked = users.flatMap((moved) => {
    const user = checkedUser(moved);
    if (typeof user !== 'string') return [user];
    leaveOut(context, moved, user);
    return [];
  });
  for (const chunk of idChunks(checked, USERS_AT_ONCE)) {
    context.signal?.throwIfAborted();
    await moveChunk(store, chunk, context);
  }
}

function checkedUser(moved: MovedUser): CheckedUser | LeftOut {
  const name = isWholeText(moved.name, NAME_BYTES) ? parseUserName(moved.name) : undefined;
  if (name === undefined) return 'name-refused';
  const { secret } = moved;
  if (secret.kind !== 'key') return { moved, name, secret };
  const key = isWholeText(secret.key, NAME_BYTES) ? parsePasswordKey(secret.key) : undefined;
  return key === undefined ? 'key-refused' : { moved, name, secret: { kind: 'key', key } };
}

/** What to do with a user. */
type Decision =
  | { readonly state: 'there'; readonly id: UserId }
  | { readonly state: 'left-out'; readonly reason: LeftOut }
  /** `passwordHash`: `undefined` for a user without a password, and in a dry run. */
  | { readonly state: 'new'; readonly passwordHash: string | undefined };

async function moveChunk(store: Store, users: readonly CheckedUser[], context: MoveContext): Promise<void> {
  const logins = users.flatMap(({ name }) => [wholeName(name), headerName(headerFormOf(name))]);
  const found = await usersByLogin(store, [...new Set(logins.map(loginTextOf))]);
  const decisions = await Promise.all(
    users.map(async (user): Promise<Decision> => {
      const there = found.get(user.name)?.user;
      if (there !== undefined) return decideOn(there, user.secret, context);
      if (user.secret.kind === 'elsewhere') return { state: 'left-out', reason: 'no-such-user' };
      const header = headerFormOf(user.name);
      // In another Dogear both lived with it.
      const isAlike = user.moved.account === undefined && header !== '';
      if (isAlike && found.has(loginTextOf(headerName(header)))) {
        return { state: 'left-out', reason: 'header-taken' };
      }
      return { state: 'new', passwordHash: context.isApplied ? await hashOf(user.secret) : undefined };
    }),
  );
  const { users: ids, tally } = context;
  // One after the other: two of them may have one name, composed and not.
  for (const [index, { moved, name }] of users.entries()) {
    const decision = decisions[index];
    if (decision?.state === 'there') {
      tally.users.there++;
      ids.set(moved.name, decision.id);
    } else if (decision?.state === 'left-out') leaveOut(context, moved, decision.reason);
    else if (!context.isApplied) {
      tally.users.made++;
      ids.set(moved.name, 'new');
    } else {
      const { permissions = PERMISSIONS_OF_REGISTERED, isOwner = false, ...account } = moved.account ?? {};
      const user = { name, passwordHash: decision?.passwordHash, isOwner, permissions, ...account };
      const made = await insertNewUser(store, user, { mayShareHeader: moved.account !== undefined });
      if (made === undefined) leaveOut(context, moved, 'header-taken');
      else {
        tally.users.made++;
        ids.set(moved.name, made.id);
      }
    }
  }
}

async function decideOn(there: User, secret: CheckedSecret, { isSameName }: MoveContext): Promise<Decision> {
  if (isSameName || (await isOfUser(secret, there))) return { state: 'there', id: there.id };
  const hasPassword = secret.kind === 'key' || secret.kind === 'hash';
  return { state: 'left-out', reason: hasPassword ? 'other-password' : 'unproven-user' };
}

async function isOfUser(secret: CheckedSecret, { passwordHash }: User): Promise<boolean> {
  if (passwordHash === undefined) return false;
  if (secret.kind === 'hash') return secret.hash === passwordHash;
  return secret.kind === 'key' && (await passwordKeyMatches(secret.key, passwordHash));
}

async function hashOf(secret: CheckedSecret): Promise<string | undefined> {
  if (secret.kind === 'key') return hashPasswordKey(secret.key);
  return secret.kind === 'hash' ? secret.hash : undefined;
}

function leaveOut({ users, tally }: MoveContext, { name }: MovedUser, reason: LeftOut): void {
  tally.leaveOut(reason, name);
  users.set(name, 'left-out');
}
