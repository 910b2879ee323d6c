import { openStore, type OpenStore } from '../../server/database/store.js';
import type { TestDatabaseKind } from './databases.js';
import { addMigratedTables } from './migrated-tables.js';

export interface TestStore extends OpenStore {
  readonly url: string;
}

/** A new database as it is after migrate(). `close` drops it. */
export async function openTestStore(kind: TestDatabaseKind): Promise<TestStore> {
  const database = await kind.create();
  await addMigratedTables(kind, database.url);
  const store = await openStore(database.url);
  return {
    ...store,
    url: database.url,
    close: async () => {
      await store.close();
      await database.drop();
    },
  };
}
