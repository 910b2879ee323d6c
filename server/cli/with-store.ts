import type { Configuration } from '../../config/schema.js';
import { type ComposedStore, composeStore } from '../compose/program.js';

/** Runs a command that needs the database alone, and closes it. */
export async function withStore(
  configuration: Configuration,
  work: (store: ComposedStore) => Promise<void>,
): Promise<void> {
  const store = await composeStore(configuration);
  try {
    await work(store);
  } finally {
    await store.close();
  }
}
