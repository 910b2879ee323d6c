import { CompiledQuery } from 'kysely';
import type { Store } from '../database/store.js';
import { beforeCommit, inTransaction } from '../database/transaction.js';

/**
 * What servers cache. `accounts`: users and API keys, without the times of their last use. `catalogue`: which documents
 * stand for which books, by their digests, the forms of their names and links.
 */
export type CachedTopic = 'accounts' | 'catalogue';

/** Rows of a topic. Each transaction counts up one of them, by chance: two that commit at once seldom meet. */
const PARTS = 16;

/**
 * Changes rows that servers may have cached, and counts the change in the same transaction: a server that finds the old
 * mark (batching/mark-watch.ts) has everything that was committed before it looked.
 *
 * @param change runs in the transaction of `store`, or in one of its own
 */
export function changeCached<T>(
  store: Store,
  topic: CachedTopic,
  change: (transaction: Store) => Promise<T>,
): Promise<T> {
  if (!store.db.isTransaction) {
    return inTransaction(store, (transaction) => changeCached(transaction, topic, change));
  }
  beforeCommit(store, `mark ${topic}`, (transaction) => countUp(transaction, topic));
  return change(store);
}

async function countUp({ db, dialect }: Store, topic: CachedTopic): Promise<void> {
  const onKey = dialect === 'sqlite' ? 'on conflict (topic, part) do update set' : 'on duplicate key update';
  await db.executeQuery(
    CompiledQuery.raw(
      `insert into cache_mark (topic, part, revision) values (?, ?, 1) ${onKey} revision = cache_mark.revision + 1`,
      [topic, Math.floor(Math.random() * PARTS)],
    ),
  );
}

/** An opaque text that every change of the topic changes. Revisions only grow, so their sum never comes back. */
export async function readCacheMark({ db }: Store, topic: CachedTopic): Promise<string> {
  const row = await db
    .selectFrom('cache_mark')
    .select(({ fn }) => fn.sum<number | string | null>('revision').as('mark'))
    .where('topic', '=', topic)
    .executeTakeFirst();
  return String(row?.mark ?? 0);
}
