import { sql } from 'kysely';
import type { Store } from '../../server/database/store.js';

/**
 * Sets InnoDB's statistics to empty tables and turns their updates off. Statistics are like that after a large write,
 * until they are updated, or for good where they were saved before the write. The server reads the saved statistics when
 * it opens a table under a new name.
 */
export async function makeStatisticsStale({ db }: Store, tables: readonly string[]): Promise<void> {
  for (const table of tables) {
    const rows = sql`where database_name = database() and table_name = ${table}`;
    await sql`alter table ${sql.table(table)} stats_auto_recalc = 0`.execute(db);
    await sql`update mysql.innodb_table_stats set n_rows = 0, clustered_index_size = 1, sum_of_other_index_sizes = 1 ${rows}`.execute(
      db,
    );
    await sql`update mysql.innodb_index_stats set stat_value = 0 ${rows} and stat_name like 'n_diff%'`.execute(
      db,
    );
    await sql`rename table ${sql.table(table)} to under_another_name`.execute(db);
    await sql`rename table under_another_name to ${sql.table(table)}`.execute(db);
    // Opened here: MySQL 9.7 counts the 80 rows of its dictionary that it reads for this as rows of the statement.
    await sql`select 1 from ${sql.table(table)} limit 1`.execute(db);
  }
}

/** Sets InnoDB's statistics to a table of so many pages of 16 KiB. */
export async function pretendPages({ db }: Store, table: string, pages: number): Promise<void> {
  await sql`alter table ${sql.table(table)} stats_auto_recalc = 0`.execute(db);
  await sql`
    update mysql.innodb_table_stats set clustered_index_size = ${pages}
      where database_name = database() and table_name = ${table}`.execute(db);
  await sql`rename table ${sql.table(table)} to under_another_name`.execute(db);
  await sql`rename table under_another_name to ${sql.table(table)}`.execute(db);
}

/** Counts the rows and index entries that MySQL reads for `work`, which runs in a session of its own. */
export async function rowsRead({ db, dialect }: Store, work: (store: Store) => Promise<unknown>) {
  return db.connection().execute(async (connection) => {
    const store = { db: connection, dialect };
    const first = await handlerReads(store);
    const before = await handlerReads(store);
    await work(store);
    // The statement that counts reads rows itself: some 25 on MariaDB, more on MySQL 9.7.
    return (await handlerReads(store)) - before - (before - first);
  });
}

async function handlerReads({ db }: Store): Promise<number> {
  const { rows } = await sql<{
    readonly Variable_name: string;
    readonly Value: string;
  }>`show session status where variable_name like 'Handler_read_%' or variable_name = 'Handler_icp_attempts'`.execute(
    db,
  );
  return rows.reduce((sum, row) => sum + Number(row.Value), 0);
}
