import type { Configuration } from '../../config/schema.js';
import { migrate, type MigrationReport } from '../database/migrate.js';
import { openStore, type OpenStore } from '../database/store.js';

/** An open database with the current schema. */
export interface ComposedStore extends OpenStore {
  /** The migrations that were applied now, and all that there are. */
  readonly migration: MigrationReport;
}

/**
 * Opens the database and brings its schema up to date.
 *
 * @param onFailure called with the error of each statement that fails
 * @throws StorageError
 */
export async function composeStore(
  { database }: Pick<Configuration, 'database'>,
  onFailure?: (error: unknown) => void,
): Promise<ComposedStore> {
  const store = await openStore(database.url, {
    connections: database.connections,
    ...(onFailure === undefined ? {} : { onFailure }),
  });
  try {
    return { ...store, migration: await migrate(store) };
  } catch (error) {
    await store.close().catch(() => undefined); // the error above says more
    throw error;
  }
}

/** Runs what needs nothing but the database, and closes the database behind it. */
export async function withStore<Result>(
  configuration: Pick<Configuration, 'database'>,
  work: (store: ComposedStore) => Promise<Result>,
): Promise<Result> {
  const store = await composeStore(configuration);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
