import type { UserSummary } from '../accounts/user.js';
import type { Store } from '../database/store.js';
import { lastSeenOfUsers } from './device-repository.js';

export interface LastSeen {
  /** When a device of the user pushed last; `undefined`: none has. */
  readonly lastSeenSeconds: number | undefined;
}

/** The users of a page, with when they were last seen. For actors who may see them: the caller checks it. */
export async function withLastSeen<User extends UserSummary>(
  store: Store,
  users: readonly User[],
): Promise<readonly (User & LastSeen)[]> {
  const seconds = await lastSeenOfUsers(
    store,
    users.map(({ id }) => id),
  );
  return users.map((user) => ({ ...user, lastSeenSeconds: seconds.get(user.id) }));
}
