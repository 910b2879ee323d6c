import { MysqlAdapter } from 'kysely';

/**
 * MySQL's `get_lock` keeps programs that start at once from changing the schema together; where several servers take
 * writes it is refused, as a lock of one of them would keep nobody out. There migrations run without one: every
 * statement of theirs may run twice, and migrate() starts over where another program was first.
 */
export class ClusterMysqlAdapter extends MysqlAdapter {
  override acquireMigrationLock(
    ...parameters: Parameters<MysqlAdapter['acquireMigrationLock']>
  ): Promise<void> {
    return unlessRefused(super.acquireMigrationLock(...parameters));
  }

  override releaseMigrationLock(
    ...parameters: Parameters<MysqlAdapter['releaseMigrationLock']>
  ): Promise<void> {
    return unlessRefused(super.releaseMigrationLock(...parameters));
  }
}

async function unlessRefused(lock: Promise<void>): Promise<void> {
  try {
    await lock;
  } catch (error) {
    if (!isRefused(error)) throw error;
  }
}

/** ER_NOT_SUPPORTED_YET: MariaDB with Galera, not in every version. ER_UNKNOWN_ERROR: Percona XtraDB Cluster, as its strict mode wants it. */
const REFUSALS = new Set<unknown>([1235, 1105]);

function isRefused(error: unknown): boolean {
  return (
    error instanceof Error &&
    'errno' in error &&
    REFUSALS.has(error.errno) &&
    /(GET|RELEASE)_LOCK/i.test(error.message)
  );
}
