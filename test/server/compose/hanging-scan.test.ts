import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { insertLibrary } from '../../../server/library/library-repository.js';
import { bookFolder } from '../../support/book-folder.js';
import { testDatabases } from '../../support/databases.js';
import { openTestStore } from '../../support/open-test-store.js';
import { repositoryRoot } from '../../support/repository-root.js';
import { addKey, addUser } from '../http/routes/kosync/sync-server.js';
import { serveProgram } from './served-program.js';

const [DATABASE] = testDatabases();

it.each([1, 2])('a scan that does not stop is left by a server of %i threads that stops', async (threads) => {
  if (DATABASE === undefined) throw new Error('no database');
  const store = await openTestStore(DATABASE);
  onTestFinished(() => store.close());
  const { user } = await addUser({ store }, { isOwner: true });
  const key = (await addKey({ store }, user.id, { permissions: ['library:scan'] })).text;
  const { path } = await bookFolder({ 'one.epub': 'one' });
  const root = Buffer.from(path);
  const library = await insertLibrary(store, {
    name: 'a',
    root,
    extensions: undefined,
    koreaderHashes: true,
  });
  const server = await serveProgram(store.url, {
    settings: [`server.listeners=${String(threads)}`, 'server.shutdown_seconds=1'],
    nodeArguments: ['--import', join(repositoryRoot, 'dist/test/server/compose/hang-scan.js')],
  });
  const started = await fetch(
    `http://127.0.0.1:${String(server.port)}/api/v1/libraries/${String(library?.id)}/scans`,
    {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: '{}',
    },
  );
  expect(started.status).toBe(201);
  server.send('SIGTERM');
  const { exitCode, stderr } = await server.result;
  expect(stderr).toContain('a scan did not stop in time');
  expect(stderr).not.toContain('stopping took too long');
  expect(exitCode, stderr).toBe(0);
});
