import type { Configuration } from '../../config/schema.js';
import type { Engine } from '../../engine/index.js';
import { composeEngine } from './engine.js';
import { closeAll } from './close-all.js';
import { scanLibrary } from '../scan/scan-library.js';
import type { ScanLibrary } from './scan-thread.js';
import { adoptUnmatched } from '../sync/adopt-unmatched.js';
import { migrate, type MigrationReport } from '../database/migrate.js';
import { openStore, type OpenStore } from '../database/store.js';

/** Everything that a scan needs. `close` closes the engine, then the database. */
export interface Program {
  readonly store: OpenStore;
  readonly engine: Engine;
  /** Scans a library. What was refused of documents that have a book by now becomes progress afterwards. */
  readonly scan: ScanLibrary;
  close(): Promise<void>;
}

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

/** What to say of an error of {@link adoptUnmatched} after a scan. */
export const NOT_ADOPTED = 'positions of documents that have a book now wait for the next scan';

/** @param onAdoptionError called with what kept {@link adoptUnmatched} from its end; the next scan tries it again */
export async function composeProgram(
  configuration: Pick<Configuration, 'database' | 'engine' | 'library'>,
  onAdoptionError: (error: unknown) => void,
): Promise<Program> {
  const store = await composeStore(configuration);
  const engine = composeEngine(configuration);
  return {
    store,
    engine,
    scan: async (library, options) => {
      const { change_check: changeCheck } = configuration.library;
      const summary = await scanLibrary({ store, engine, changeCheck }, library, options);
      await adoptUnmatched(store).catch(onAdoptionError);
      return summary;
    },
    close: () =>
      closeAll(
        () => engine.close(),
        () => store.close(),
      ),
  };
}
