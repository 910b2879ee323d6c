import { DogearError } from '../domain/dogear-error.js';
import type { User } from './user.js';
import { findUserByName } from './user-repository.js';
import type { Store } from '../database/store.js';

/** @throws DogearError `user-not-found` */
export async function findUser(store: Store, name: string): Promise<User> {
  const user = await findUserByName(store, name);
  if (user !== undefined) return user;
  throw new DogearError('user-not-found', `There is no user "${name}".`);
}
