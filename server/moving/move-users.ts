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
import type { MovedUser } from './moved-record.js';
import type { LeftOut, MoveTally } from './move-tally.js';
import { isWholeText } from './read-position.js';

/**
 * Whose positions are moved, by the name at the source. `new`: would be made. Some hundred bytes for each user: a source
 * gives users and positions in no order.
 */
export type MovedUserIds = Map<string, UserId | 'new' | 'left-out'>;

/** Hashes at once: as many as libuv has threads. Each takes 16 MiB and 40 ms of a core. */
const USERS_AT_ONCE = 4;
/** Longer names are refused whatever they hold, and need not be looked at. */
const NAME_BYTES = 1024;

interface CheckedUser {
  readonly moved: MovedUser;
  readonly name: string;
  readonly key: PasswordKey;
}

export interface MoveUsersOptions {
  readonly isApplied: boolean;
  readonly isSameName: boolean;
  readonly tally: MoveTally;
  readonly signal?: AbortSignal;
}

/**
 * Makes the users of another server, with the keys that their readers send, or finds them. A user whom Dogear has with
 * another password may be another person: nothing of such a user is moved unless it is said that they are the same. What
 * Dogear has of a user, password and permissions, stays as it is.
 */
export async function moveUsers(
  store: Store,
  users: readonly MovedUser[],
  ids: MovedUserIds,
  options: MoveUsersOptions,
): Promise<void> {
  const checked = users.flatMap((moved) => {
    const user = checkedUser(moved);
    if (typeof user !== 'string') return [user];
    options.tally.leaveOut(user, moved.name);
    ids.set(moved.name, 'left-out');
    return [];
  });
  for (const chunk of idChunks(checked, USERS_AT_ONCE)) {
    options.signal?.throwIfAborted();
    await moveChunk(store, chunk, ids, options);
  }
}

function checkedUser(moved: MovedUser): CheckedUser | LeftOut {
  const name = isWholeText(moved.name, NAME_BYTES) ? parseUserName(moved.name) : undefined;
  if (name === undefined) return 'name-refused';
  const key =
    moved.key !== undefined && isWholeText(moved.key, NAME_BYTES) ? parsePasswordKey(moved.key) : undefined;
  return key === undefined ? 'key-refused' : { moved, name, key };
}

async function moveChunk(
  store: Store,
  users: readonly CheckedUser[],
  ids: MovedUserIds,
  options: MoveUsersOptions,
): Promise<void> {
  const logins = users.flatMap(({ name }) => [wholeName(name), headerName(headerFormOf(name))]);
  const found = await usersByLogin(store, [...new Set(logins.map(loginTextOf))]);
  const decided = await Promise.all(
    users.map(async (user) => {
      const there = found.get(user.name)?.user;
      if (there !== undefined) {
        return { user, there, isSame: options.isSameName || (await isOfUser(user.key, there)) };
      }
      const header = headerFormOf(user.name);
      const isTaken = header !== '' && found.has(loginTextOf(headerName(header)));
      const passwordHash = isTaken || !options.isApplied ? undefined : await hashPasswordKey(user.key);
      return { user, there, isTaken, passwordHash };
    }),
  );
  // One after the other: two of them may have one name, composed and not.
  for (const { user, there, isSame, isTaken, passwordHash } of decided) {
    const { tally } = options;
    const { moved, name } = user;
    const leaveOut = (reason: LeftOut): void => {
      tally.leaveOut(reason, moved.name);
      ids.set(moved.name, 'left-out');
    };
    if (there !== undefined) {
      if (!isSame) leaveOut('other-password');
      else {
        tally.users.there++;
        ids.set(moved.name, there.id);
      }
    } else if (isTaken) leaveOut('header-taken');
    else if (passwordHash === undefined) {
      tally.users.made++;
      ids.set(moved.name, 'new');
    } else {
      const made = await insertNewUser(
        store,
        { name, passwordHash, isOwner: false, permissions: PERMISSIONS_OF_REGISTERED },
        { mayShareHeader: false },
      );
      if (made === undefined) leaveOut('header-taken');
      else {
        tally.users.made++;
        ids.set(moved.name, made.id);
      }
    }
  }
}

async function isOfUser(key: PasswordKey, { passwordHash }: User): Promise<boolean> {
  return passwordHash !== undefined && (await passwordKeyMatches(key, passwordHash));
}
