import { DogearError } from '../domain/dogear-error.js';
import type { UserId } from '../domain/ids.js';
import type { UserSummary } from './user.js';
import { findUserById, findUserByName } from './user-repository.js';
import type { Store } from '../database/store.js';

/** For actors who may see all users; permissions are not checked here. @throws DogearError `user-not-found` */
export async function getUser(store: Store, id: UserId): Promise<UserSummary> {
  const user = await findUserById(store, id);
  if (user !== undefined) return user;
  throw new DogearError('user-not-found', `There is no user ${String(id)}.`);
}

/** For the operator, who may see all users. @throws DogearError `user-not-found` */
export async function getUserByName(store: Store, name: string): Promise<UserSummary> {
  const user = await findUserByName(store, name);
  if (user !== undefined) return user;
  throw new DogearError('user-not-found', `There is no user "${name}".`);
}
