import { SQLITE, type TestDatabaseKind } from '../../support/databases.js';
import { sharedSetup } from '../../support/shared-setup.js';
import type { ConsoleClient } from './console-client.js';
import {
  type ConsoleProgram,
  type ConsoleProgramOptions,
  setUpOwner,
  startConsole,
} from './console-program.js';

export interface TestConsole {
  readonly program: ConsoleProgram;
  readonly owner: ConsoleClient;
  readonly databaseUrl: string;
}

/**
 * One server with an owner for all tests of a file; SQLite unless the test is about the database.
 *
 * @param prepare what the tests find on it
 */
export function testConsole(
  options: ConsoleProgramOptions = {},
  kind: TestDatabaseKind = SQLITE,
  prepare: (console: TestConsole) => Promise<void> = () => Promise.resolve(),
): () => TestConsole {
  return sharedSetup(
    async () => {
      const database = await kind.create();
      const program = await startConsole(database.url, options);
      const started = { program, owner: await setUpOwner(program), databaseUrl: database.url, database };
      await prepare(started);
      return started;
    },
    async ({ program, database }) => {
      await program.close();
      await database.drop();
    },
  );
}
