import { statSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { expect, it, onTestFinished } from 'vitest';
import { parseDatabaseUrl } from '../../../server/database/database-url.js';
import { insertLibrary } from '../../../server/library/library-repository.js';
import { bookFolder } from '../../support/book-folder.js';
import { SQLITE } from '../../support/databases.js';
import { openTestStore } from '../../support/open-test-store.js';
import { repositoryRoot } from '../../support/repository-root.js';
import { addKey, addUser } from '../http/routes/kosync/sync-server.js';
import { serveProgram } from './served-program.js';

/** More pages than SQLite leaves in its log by itself. */
const PAGES = 1100;
const PAGE_BYTES = 4096;

it('a push to a server that scans into SQLite does not write the pages of the scan into the file', async () => {
  const store = await openTestStore(SQLITE);
  onTestFinished(() => store.close());
  const { user } = await addUser({ store }, { isOwner: true });
  const permissions = ['library:scan', 'feature:koreader_sync'] as const;
  const key = (await addKey({ store }, user.id, { permissions })).text;
  const { path } = await bookFolder({ 'one.epub': 'one' });
  const library = await insertLibrary(store, {
    name: 'a',
    root: Buffer.from(path),
    extensions: undefined,
    koreaderHashes: true,
  });
  const { port } = await serveProgram(store.url, {
    settings: ['sync.unknown_documents.api_key=store'],
    nodeArguments: ['--import', join(repositoryRoot, 'dist/test/server/compose/hang-scan.js')],
  });
  const address = `http://127.0.0.1:${String(port)}`;
  const push = async (progress: string): Promise<void> => {
    const answer = await fetch(`${address}/koreader/${key}/syncs/progress`, {
      method: 'PUT',
      body: JSON.stringify({ document: 'd', progress, percentage: 0.5, device: 'Kobo', device_id: 'k' }),
    });
    expect(answer.status).toBe(200);
  };
  const location = parseDatabaseUrl(store.url);
  const fileBytes = (): number => statSync(location.dialect === 'sqlite' ? location.file : '').size;
  /** As the scan would, which hangs. */
  const writePages = async (): Promise<void> => {
    await sql`pragma wal_autocheckpoint = 0`.execute(store.db);
    await sql`create table if not exists pages (content blob)`.execute(store.db);
    await sql`insert into pages with recursive n (i) as (values (1) union all select i + 1 from n where i < ${PAGES})
      select zeroblob(4000) from n`.execute(store.db);
  };
  const beforeBytes = fileBytes();
  await writePages();
  await push('before the scan');
  expect(fileBytes()).toBeGreaterThan(beforeBytes + PAGES * PAGE_BYTES);

  const started = await fetch(`${address}/api/v1/libraries/${String(library?.id)}/scans`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: '{}',
  });
  expect(started.status).toBe(201);
  const duringBytes = fileBytes();
  await writePages();
  await push('beside the scan');
  expect(fileBytes()).toBe(duringBytes);
});
