import { CompiledQuery } from 'kysely';
import type { Store } from '../database/store.js';
import { retrying } from '../database/transaction.js';
import type { UserId } from '../domain/ids.js';

/**
 * What pages that stay open show of users. Changes of libraries are found by the revisions of the libraries' own rows,
 * because a caller must learn nothing of libraries that the caller may not see.
 */
export const TOPICS = ['progress', 'devices', 'api_keys', 'users'] as const;
export type Topic = (typeof TOPICS)[number];

/**
 * The row that counts the changes of all users together, for viewers who may see all users. Ids of users begin with 1.
 */
export const ANY_USER = 0;
/** The row that counts changes of so many users that they were not marked one by one. Every viewer takes it for own. */
export const EVERY_USER = -1;

/**
 * Users of one statement. A fleet that pushes would otherwise cause as many rows again as it pushes. Past this number a
 * viewer reads lists again that have not changed.
 */
const MOST_USERS = 100;

/**
 * Says that something of these users has changed: each server of the database then tells the pages that show it. In a
 * transaction it belongs behind the other statements, because many transactions write the row of {@link ANY_USER}. Rows
 * are locked in the order of their key, so marks do not deadlock with each other.
 */
export async function markChanges(
  store: Store,
  topics: readonly Topic[],
  users: Iterable<UserId>,
): Promise<void> {
  const distinct = [...new Set(users)];
  if (distinct.length === 0 || topics.length === 0) return;
  const named = distinct.length > MOST_USERS ? [EVERY_USER] : distinct;
  const ids: readonly number[] = [ANY_USER, ...named].toSorted((left, right) => left - right);
  const sorted = topics.toSorted();
  const cells = ids.flatMap((id) => sorted.flatMap((topic) => [id, topic, 1]));
  const rows = Array<string>(ids.length * sorted.length)
    .fill('(?, ?, ?)')
    .join(', ');
  const onKey =
    store.dialect === 'sqlite' ? 'on conflict (user_id, topic) do update set' : 'on duplicate key update';
  const text = `insert into change_mark (user_id, topic, revision) values ${rows} ${onKey} revision = change_mark.revision + 1`;
  const write = async (): Promise<void> => void (await store.db.executeQuery(CompiledQuery.raw(text, cells)));
  // After a deadlock a transaction has to begin again as a whole, which its caller does.
  await (store.db.isTransaction ? write() : retrying(write));
}

/** When a user is removed: what was shown of the user has changed for those who see all users. */
export async function forgetMarksOfUser(store: Store, userId: UserId): Promise<void> {
  await markChanges(store, TOPICS, [userId]);
  await store.db.deleteFrom('change_mark').where('user_id', '=', userId).execute();
}
