import { CompiledQuery } from 'kysely';
import type { SqlDialect, Store } from './store.js';

/**
 * Rows of one statement. MySQL: a statement of 500 books has some 100 kB, far below max_allowed_packet (16 MB by
 * default), and more rows are not faster. SQLite: only these sizes, so that each statement is prepared once and kept.
 */
const MYSQL_ROWS = 500;
const SQLITE_ROWS = [256, 64, 16, 4, 1] as const;

export interface BulkUpsert {
  readonly table: string;
  readonly columns: readonly string[];
  /** Columns of the unique key that a new row may share with an existing one. */
  readonly key: readonly string[];
  /** Columns that take the new value when the key exists. Empty: the existing row stays as it is. */
  readonly update: readonly string[];
  /** Further assignments when the key exists, as SQL text. */
  readonly also?: readonly string[];
}

/**
 * Inserts many rows with few statements; rows whose key exists are updated. The statements are built here instead of by
 * the query builder, which takes several microseconds for each value: more than the database needs for the row.
 *
 * Not atomic: call it in a transaction when all rows must be written or none.
 *
 * @param values the cells of all rows, one row after the other
 */
export async function bulkUpsert(store: Store, shape: BulkUpsert, values: readonly unknown[]): Promise<void> {
  const width = shape.columns.length;
  const rows = values.length / width;
  for (let row = 0; row < rows;) {
    const count = chunkRows(store.dialect, rows - row);
    const cells = values.slice(row * width, (row + count) * width);
    await store.db.executeQuery(CompiledQuery.raw(upsertText(store.dialect, shape, count), cells));
    row += count;
  }
}

function chunkRows(dialect: SqlDialect, rowsLeft: number): number {
  if (dialect === 'mysql') return Math.min(rowsLeft, MYSQL_ROWS);
  return SQLITE_ROWS.find((rows) => rows <= rowsLeft) ?? 1;
}

function upsertText(dialect: SqlDialect, shape: BulkUpsert, rows: number): string {
  const row = `(${shape.columns.map(() => '?').join(', ')})`;
  const insert = `insert into ${shape.table} (${shape.columns.join(', ')}) values ${Array<string>(rows).fill(row).join(', ')}`;
  const also = shape.also ?? [];
  if (dialect === 'sqlite') {
    const target = `on conflict (${shape.key.join(', ')})`;
    const set = [...shape.update.map((column) => `${column} = excluded.${column}`), ...also];
    return set.length === 0
      ? `${insert} ${target} do nothing`
      : `${insert} ${target} do update set ${set.join(', ')}`;
  }
  const set = [...shape.update.map((column) => `${column} = values(${column})`), ...also];
  const [first] = shape.key;
  // "insert ignore" would hide every other error too. Setting a key column to itself hides only the existing key.
  return `${insert} on duplicate key update ${set.length === 0 ? `${first} = ${first}` : set.join(', ')}`;
}

/**
 * The value of a binary column that holds text. MySQL gets a string, which the connection sends as UTF-8 at half the
 * cost of a buffer (mysql2 writes a buffer in hexadecimal). SQLite gets a buffer: it stores a string as another type
 * (TEXT instead of BLOB), and values of different types are never equal.
 */
export function textBytes(dialect: SqlDialect, text: string): string | Buffer {
  return dialect === 'sqlite' ? Buffer.from(text) : text;
}

/**
 * Cuts `ids` into lists for `in (…)`, of at most `size` values each. From 1,000 values on, MariaDB turns the list into a
 * table and joins it, in whichever order its statistics suggest.
 */
export function* idChunks<T>(ids: readonly T[], size = 500): Generator<readonly T[]> {
  for (let start = 0; start < ids.length; start += size) yield ids.slice(start, start + size);
}
