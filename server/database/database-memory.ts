import { sql } from 'kysely';
import { errorCode } from '../domain/error-text.js';
import { toNumber } from './int64.js';
import type { Store } from './store.js';

export interface DatabaseMemory {
  /** Size of InnoDB's buffer pool. */
  readonly poolBytes: number;
  /** Size of all tables of this database with their indexes. */
  readonly tableBytes: number;
  /** Whether the tables fit into the buffer pool. Where they do not, statements wait for the disk. */
  readonly isEnough: boolean;
}

interface SizesRow {
  readonly pool_bytes: number | string;
  readonly table_bytes: number | string | null;
}

/** TiDB reports a buffer pool that it does not have, and Vitess that of one shard of many. */
const WITHOUT_POOL = /TiDB|Vitess/i;

/**
 * The size of InnoDB's buffer pool and of the tables. Needs no privilege but those on the database itself.
 *
 * @returns `undefined` for SQLite and for databases without a buffer pool
 */
export async function databaseMemory({ db, dialect }: Store): Promise<DatabaseMemory | undefined> {
  if (dialect === 'sqlite') return undefined;
  return db.connection().execute(async (connection) => {
    const version = await sql<{ readonly version: string }>`select version() as version`.execute(connection);
    if (version.rows.some((row) => WITHOUT_POOL.test(row.version))) return undefined;
    const sizes = await readSizes(connection);
    if (sizes === undefined) return undefined;
    const poolBytes = toNumber(sizes.pool_bytes);
    const tableBytes = toNumber(sizes.table_bytes ?? 0);
    return { poolBytes, tableBytes, isEnough: poolBytes >= tableBytes };
  });
}

async function readSizes(db: Store['db']): Promise<SizesRow | undefined> {
  const query = sql<SizesRow>`
    select @@innodb_buffer_pool_size as pool_bytes,
      cast((select sum(data_length + index_length) from information_schema.tables
        where table_schema = database()) as unsigned) as table_bytes`;
  try {
    // By default MySQL reports table sizes that are up to a day old. MariaDB does not know this setting.
    await sql`set session sql_mode = @@sql_mode /*!80000 , information_schema_stats_expiry = 0 */`.execute(
      db,
    );
    return (await query.execute(db)).rows[0];
  } catch (error) {
    if (errorCode(error) === 'ER_UNKNOWN_SYSTEM_VARIABLE') return undefined;
    throw error;
  }
}
