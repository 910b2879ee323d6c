import { CompiledQuery, sql } from 'kysely';
import type { Store } from '../database/store.js';
import { beforeCommit, inTransaction } from '../database/transaction.js';

/**
 * What servers cache. `accounts`: users and API keys, without the times of their last use. `catalogue`: which documents
 * stand for which books, by their digests, the forms of their names and links.
 */
export type CachedTopic = 'accounts' | 'catalogue';

/** Rows of a topic. Each transaction changes one of them, by chance: two that commit at once seldom meet. */
const PARTS = 16;
/**
 * A revision is drawn by chance and not counted up. After a crash or a restored backup that lost changes, as many other changes
 * would make a counted mark the same that servers know. The sum of all parts stays an exact number.
 */
const REVISIONS = 2 ** 48;

/**
 * Changes rows that servers may have cached, and changes the mark in the same transaction: a server that finds the old
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
  beforeCommit(store, `mark ${topic}`, (transaction) => renew(transaction, topic));
  return change(store);
}

async function renew({ db, dialect }: Store, topic: CachedTopic): Promise<void> {
  const onKey = dialect === 'sqlite' ? 'on conflict (topic, part) do update set' : 'on duplicate key update';
  const revision = Math.floor(Math.random() * REVISIONS);
  await db.executeQuery(
    CompiledQuery.raw(
      `insert into cache_mark (topic, part, revision) values (?, ?, ?) ${onKey} revision = ?`,
      [topic, Math.floor(Math.random() * PARTS), revision, revision],
    ),
  );
}

/**
 * An opaque text that every change of the topic changes.
 *
 * In MySQL it also changes with the server that answers: one that takes over may not have applied yet what the lost one had
 * committed. What is read from it meanwhile is old, and the mark is the known one as soon as it has caught up.
 */
export async function readCacheMark({ db, dialect }: Store, topic: CachedTopic): Promise<string> {
  const row = await db
    .selectFrom('cache_mark')
    .select(({ fn }) => fn.sum<number | string | null>('revision').as('mark'))
    .select(sql<number>`${sql.raw(dialect === 'mysql' ? '@@global.server_id' : '0')}`.as('server'))
    .where('topic', '=', topic)
    .executeTakeFirst();
  return `${String(row?.mark ?? 0)} ${String(row?.server)}`;
}
