import { type Kysely, sql } from 'kysely';
import type { SqlDialect } from '../store.js';
import { addColumnOnce } from './column-addition.js';
import { columnTypes } from './column-types.js';

/**
 * Scans that looked only at what was touched in a library: at how many places. NULL: at the whole library, or part of
 * it, as all scans from before.
 *
 * The statement may run twice, as in 0001-catalogue.ts.
 */
export async function touchedScans(db: Kysely<unknown>, dialect: SqlDialect): Promise<void> {
  const type = sql`${columnTypes(dialect).int64}`;
  await addColumnOnce(db, dialect, { table: 'scan', column: 'touched', type });
}
