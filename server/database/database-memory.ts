import { type BufferPool, bufferPoolOf } from './mysql/buffer-pool.js';
import type { Store } from './store.js';

export interface DatabaseMemory extends BufferPool {
  /** Whether the tables fit into the pool. Where they do not, pushes and pulls wait for the disk. */
  readonly isEnough: boolean;
}

/** @returns `undefined` where there is nothing to say: SQLite, and databases without a buffer pool */
export async function databaseMemory(store: Store): Promise<DatabaseMemory | undefined> {
  const pool = await bufferPoolOf(store);
  return pool === undefined ? undefined : { ...pool, isEnough: pool.poolBytes >= pool.tableBytes };
}
