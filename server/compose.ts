import type { Configuration } from '../config/load.js';
import { createEngine, type Engine } from '../engine/index.js';
import { migrate, type MigrationReport } from './storage/migrate.js';
import { openStore, type OpenStore } from './storage/store.js';

/** What commands run on; closed in the reverse order. */
export interface Program {
  readonly configuration: Configuration;
  readonly store: OpenStore;
  readonly engine: Engine;
  close(): Promise<void>;
}

export function composeEngine({ engine }: Configuration, jobs?: number): Engine {
  const fixed = jobs ?? (engine.jobs === 'auto' ? undefined : engine.jobs);
  return createEngine({ md5: engine.md5, ...(fixed === undefined ? {} : { jobs: fixed }) });
}

/** A database that is open and current, with what bringing it up to date took. */
export interface ComposedStore extends OpenStore {
  readonly migration: MigrationReport;
}

/** Opens the database and brings its schema up to date. */
export async function composeStore({ database }: Configuration): Promise<ComposedStore> {
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
    close: async () => {
      await engine.close();
      await store.close();
    },
  };
}
