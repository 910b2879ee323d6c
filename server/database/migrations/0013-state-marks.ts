import { type Kysely, sql } from 'kysely';
import type { SqlDialect } from '../store.js';
import { addColumnOnce } from './column-addition.js';
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
  await addColumnOnce(db, dialect, { table: 'book', column: 'state_mark', type: int64 });
  const counted = sql`${int64} not null default 0`;
  await addColumnOnce(db, dialect, { table: 'scan', column: 'rechecked', type: counted });
}
