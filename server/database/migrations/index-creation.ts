import { type QueryExecutorProvider, type RawBuilder, sql } from 'kysely';

/**
 * Creates an index unless it is there: MySQL has no "create index if not exists". Released migrations use this; what it does
 * must not change.
 */
export async function createIndexOnce(
  db: QueryExecutorProvider,
  { table, index }: { readonly table: string; readonly index: string },
  statement: RawBuilder<unknown>,
): Promise<void> {
  const isThere = async (): Promise<boolean> => {
    const { rows } = await sql`
      select 1 from information_schema.statistics
        where table_schema = database() and table_name = ${table} and index_name = ${index}`.execute(db);
    return rows.length > 0;
  };
  if (await isThere()) return;
  try {
    await statement.execute(db);
  } catch (error) {
    // Another program was first.
    if (!(await isThere())) throw error;
  }
}
