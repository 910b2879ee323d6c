import { type AliasedRawBuilder, type Expression, sql } from 'kysely';
import type { Schema } from './schema.js';
import type { SqlDialect, Store } from './store.js';

/**
 * Names the index by which MySQL has to read a table: for lists of keys, and for pages of what may have many rows
 * (books, former digests, progress, devices). Not where one whole key is looked up, and not for the lists that an
 * administrator pages through now and then (users, keys, libraries, scans).
 *
 * Left to itself MariaDB 10.11 reads the whole table as soon as it takes it for small, and that it does after every
 * large write, until its statistics follow some ten seconds later, or for good where they were saved before: 16 keys of
 * a million books took 260 ms instead of 0.4. And where only the beginning of an index is compared with one value it
 * reads everything with that value, so that the next page of a library took half of the library. MySQL takes the same
 * choices, at other sizes. SQLite has no statistics unless somebody makes them.
 *
 * In backquotes: without them Vitess takes `primary` for its keyword.
 *
 * @returns what stands behind the table's name and alias; nothing for SQLite
 */
export function forceIndex(dialect: SqlDialect, index: string): string {
  return dialect === 'mysql' ? ` force index (\`${index}\`)` : '';
}

/** As {@link forceIndex}, for the query builder. */
export function byIndex<Table extends keyof Schema, Alias extends string = Table>(
  { dialect }: Pick<Store, 'dialect'>,
  table: Table,
  index: string,
  alias?: Alias,
): AliasedRawBuilder<Schema[Table], Alias> {
  const name = sql`${sql.ref(alias ?? table)}${sql.raw(forceIndex(dialect, index))}`;
  return sql<Schema[Table]>`${sql.table(table)}`.as<Alias>(name);
}

/**
 * What stands behind `select` of a join whose tables must be read in the order in which they are written: statistics
 * that make a table seem small also make it seem the one to begin with.
 */
export function inOrder(dialect: SqlDialect): string {
  return dialect === 'mysql' ? 'straight_join ' : '';
}

/** The rows whose `column` is one of `keys`, and for which `also` holds. */
export interface RowsByKey {
  readonly table: keyof Schema;
  readonly column: string;
  /** Begins with the column, behind those that `also` compares. */
  readonly index: string;
  /** Ascending. */
  readonly keys: readonly unknown[];
  readonly also?: Expression<unknown>;
}

/**
 * Deletes rows by a list of keys. MariaDB minds no index that a `delete` names, so there the list is a table from which
 * each row is looked up: 500 of a million books took 4 ms with statistics that were stale, and 200 as a plain list.
 *
 * The rows are looked up, and locked, as the list gives them. Hence the keys in ascending order everywhere: of two
 * transactions that lock the same rows in different orders, each may wait for the other.
 */
export async function deleteByIndex(
  { db, dialect }: Store,
  { table, column, index, keys, also = sql`1 = 1` }: RowsByKey,
): Promise<void> {
  if (keys.length === 0) return;
  const rows = sql.table(table);
  const key = sql.ref(`${table}.${column}`);
  if (dialect === 'sqlite') {
    await sql`delete from ${rows} where ${key} in (${sql.join(keys)}) and ${also}`.execute(db);
    return;
  }
  const list = sql.join(
    keys.map((value) => sql`select ${value} as wanted`),
    sql` union all `,
  );
  const hint = sql.raw(forceIndex(dialect, index));
  await sql`delete from ${rows} using (${list}) as list straight_join ${rows}${hint} on ${key} = list.wanted where ${also}`.execute(
    db,
  );
}
