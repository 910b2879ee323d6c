import { afterAll, beforeAll } from 'vitest';
import { SQLITE, type TestDatabase, type TestDatabaseKind } from '../../support/databases.js';
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

/** One server with an owner for all tests of a file; SQLite unless the test is about the database. */
export function testConsole(
  options: ConsoleProgramOptions = {},
  kind: TestDatabaseKind = SQLITE,
): () => TestConsole {
  let database: TestDatabase | undefined;
  let started: TestConsole | undefined;
  beforeAll(async () => {
    database = await kind.create();
    const program = await startConsole(database.url, options);
    started = { program, owner: await setUpOwner(program), databaseUrl: database.url };
  });
  afterAll(async () => {
    await started?.program.close();
    await database?.drop();
  });
  return () => {
    if (started === undefined) throw new Error('the server starts with the first test');
    return started;
  };
}
