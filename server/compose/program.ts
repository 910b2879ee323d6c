import type { Configuration } from '../../config/schema.js';
import { createEngine, type Engine } from '../../engine/index.js';
import { scanLibrary } from '../scan/scan-library.js';
import type { ScanLibrary } from './scan-thread.js';
import { migrate, type MigrationReport } from '../database/migrate.js';
import { openStore, type OpenStore } from '../database/store.js';

/** What commands run on; closed in the reverse order. */
export interface Program {
  readonly configuration: Configuration;
  readonly store: OpenStore;
  readonly engine: Engine;
  readonly scan: ScanLibrary;
  close(): Promise<void>;
}

export function composeEngine({ engine }: Pick<Configuration, 'engine'>): Engine {
  return createEngine({
    md5: engine.md5,
    reads: engine.reads,
    ...(engine.jobs === 'auto' ? {} : { jobs: engine.jobs }),
  });
}

/** A database that is open and current, with what bringing it up to date took. */
export interface ComposedStore extends OpenStore {
  readonly migration: MigrationReport;
}

/** Opens the database and brings its schema up to date. */
export async function composeStore({ database }: Pick<Configuration, 'database'>): Promise<ComposedStore> {
  const store = await openStore(database.url, { connections: database.connections });
  try {
    return { ...store, migration: await migrate(store) };
  } catch (error) {
    await store.close();
    throw error;
  }
}

export async function composeProgram(configuration: Configuration): Promise<Program> {
  const store = await composeStore(configuration);
  const engine = composeEngine(configuration);
  return {
    configuration,
    store,
    engine,
    scan: (library, options) => scanLibrary({ store, engine }, library, options),
    close: async () => {
      await engine.close();
      await store.close();
    },
  };
}
