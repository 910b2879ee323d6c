import { MysqlAdapter } from 'kysely';
import { errorCode } from '../../domain/error-text.js';

/**
 * Kysely's adapter, but migrations run without a lock where the server refuses locks.
 *
 * MySQL's `get_lock` keeps programs from changing the schema together. Clusters in which several servers take writes
 * refuse it, because a lock on one server does not exclude the others. There a lease does (migration-lease.ts).
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

/**
 * MariaDB with Galera, in some versions, answers `get_lock` with ER_NOT_SUPPORTED_YET. Percona XtraDB Cluster in its
 * strict mode answers with ER_UNKNOWN_ERROR, which other servers use for other failures too. Those are ignored as well:
 * nothing but `get_lock` and `release_lock` runs here, and the lease is what admits one program.
 */
const REFUSALS: ReadonlySet<string | undefined> = new Set(['ER_NOT_SUPPORTED_YET', 'ER_UNKNOWN_ERROR']);

async function unlessRefused(lock: Promise<void>): Promise<void> {
  try {
    await lock;
  } catch (error) {
    if (!REFUSALS.has(errorCode(error))) throw error;
  }
}
