import { migrate } from '../../server/database/migrate.js';
import { openStore, type OpenStore } from '../../server/database/store.js';
import type { TestDatabaseKind } from './databases.js';

export interface TestStore extends OpenStore {
  readonly url: string;
}

/** A new database with all tables and no rows. `close` drops it. */
export async function openTestStore({ create }: TestDatabaseKind): Promise<TestStore> {
  const database = await create();
  const store = await openStore(database.url);
  await migrate(store);
  return {
    ...store,
    url: database.url,
    close: async () => {
      await store.close();
      await database.drop();
    },
  };
}
