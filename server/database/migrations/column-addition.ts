import { type QueryExecutorProvider, type RawBuilder, sql } from 'kysely';
import type { SqlDialect } from '../store.js';

/**
 * Adds a column unless it is there: only MariaDB has "add column if not exists". Released migrations use this; what it does
 * must not change.
 */
export async function addColumnOnce(
  db: QueryExecutorProvider,
  dialect: SqlDialect,
  {
    table,
    column,
    type,
  }: { readonly table: string; readonly column: string; readonly type: RawBuilder<unknown> },
): Promise<void> {
  const isThere = async (): Promise<boolean> => {
    const { rows } = await (
      dialect === 'sqlite'
        ? sql`select 1 from pragma_table_info(${table}) where name = ${column}`
        : sql`select 1 from information_schema.columns
            where table_schema = database() and table_name = ${table} and column_name = ${column}`
    ).execute(db);
    return rows.length > 0;
  };
  if (await isThere()) return;
  try {
    await sql`alter table ${sql.table(table)} add column ${sql.ref(column)} ${type}`.execute(db);
  } catch (error) {
    // Another program was first.
    if (!(await isThere())) throw error;
  }
}
