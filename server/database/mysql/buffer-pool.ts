import { sql } from 'kysely';
import { toNumber } from '../int64.js';
import type { Store } from '../store.js';

/** What the database keeps in memory, and what it holds on disk for us; bytes. */
export interface BufferPool {
  readonly poolBytes: number;
  readonly tableBytes: number;
}

interface Facts {
  readonly pool_bytes: number | string;
  readonly table_bytes: number | string | null;
}

/** Of these, one answers with a pool that it does not have, the other with that of one part of many. */
const WITHOUT_POOL = /TiDB|Vitess/i;

/**
 * The size of InnoDB's buffer pool and of the tables with their indexes, for which no privilege is needed.
 *
 * @returns `undefined` for SQLite and for databases without such a pool
 */
export async function bufferPoolOf({ db, dialect }: Store): Promise<BufferPool | undefined> {
  if (dialect === 'sqlite') return undefined;
  return db.connection().execute(async (connection) => {
    const version = await sql<{ readonly version: string }>`select version() as version`.execute(connection);
    if (version.rows.some((row) => WITHOUT_POOL.test(row.version))) return undefined;
    const facts = await readFacts(connection);
    if (facts === undefined) return undefined;
    return { poolBytes: toNumber(facts.pool_bytes), tableBytes: toNumber(facts.table_bytes ?? 0) };
  });
}

async function readFacts(db: Store['db']): Promise<Facts | undefined> {
  const query = sql<Facts>`
    select @@innodb_buffer_pool_size as pool_bytes,
      cast((select sum(data_length + index_length) from information_schema.tables
        where table_schema = database()) as unsigned) as table_bytes`;
  try {
    // MySQL answers with sizes of up to a day ago unless told not to; MariaDB knows no such setting.
    await sql`set session sql_mode = @@sql_mode /*!80000 , information_schema_stats_expiry = 0 */`.execute(
      db,
    );
    return (await query.execute(db)).rows[0];
  } catch (error) {
    if (isUnknownVariable(error)) return undefined;
    throw error;
  }
}

function isUnknownVariable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ER_UNKNOWN_SYSTEM_VARIABLE';
}
