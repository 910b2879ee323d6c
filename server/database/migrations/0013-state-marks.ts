import { type Kysely, sql } from 'kysely';
import type { SqlDialect } from '../store.js';
import { columnTypes } from './column-types.js';

/**
 * Of each book the inode and the time of last change of its file, in one number: files change while their size and time of
 * modification stay. NULL for the books from before; the next scan fills it. Of a scan, how many files it read again
 * because of it alone.
 *
 * Every statement may run twice, as in 0001-catalogue.ts.
 */
export async function stateMarks(db: Kysely<unknown>, dialect: SqlDialect): Promise<void> {
  const { int64 } = columnTypes(dialect);
  const additions = [
    { table: 'book', column: 'state_mark', type: int64 },
    { table: 'scan', column: 'rechecked', type: sql`${int64} not null default 0` },
  ];
  for (const { table, column, type } of additions) {
    const exists = async (): Promise<boolean> => {
      const { rows } = await (
        dialect === 'sqlite'
          ? sql`select 1 from pragma_table_info(${table}) where name = ${column}`
          : sql`
              select 1 from information_schema.columns
                where table_schema = database() and table_name = ${table} and column_name = ${column}`
      ).execute(db);
      return rows.length > 0;
    };
    if (await exists()) continue;
    try {
      await sql`alter table ${sql.table(table)} add column ${sql.ref(column)} ${type}`.execute(db);
    } catch (error) {
      // Another program was first.
      if (!(await exists())) throw error;
    }
  }
}
