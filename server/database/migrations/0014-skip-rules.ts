import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { SqlDialect } from '../store.js';
import { addColumnOnce } from './column-addition.js';
import { columnTypes } from './column-types.js';

/**
 * What a library's scans leave out: `skip_system` (folders of trash and of programs), `ignore_patterns` (in the syntax of
 * .gitignore, one a line); and whether they follow links to folders. Libraries from before keep their rule, which
 * leaves out nothing. Of a scan, how many folders were left out, and how many of its files lie in folders that
 * `skip_system` leaves out.
 *
 * Every statement may run twice, as in 0001-catalogue.ts.
 */
export async function skipRules(db: Kysely<unknown>, dialect: SqlDialect): Promise<void> {
  const t = columnTypes(dialect);
  const columns: readonly (readonly [table: string, column: string, type: RawBuilder<unknown>])[] = [
    ['library', 'skip_system', sql`${t.bit} not null default 0`],
    ['library', 'ignore_patterns', t.longText],
    ['library', 'follow_links', sql`${t.bit} not null default 0`],
    ['scan', 'skipped', sql`${t.int64} not null default 0`],
    ['scan', 'skippable', sql`${t.int64} not null default 0`],
  ];
  for (const [table, column, type] of columns) await addColumnOnce(db, dialect, { table, column, type });
}
