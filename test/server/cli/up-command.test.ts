import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import { createConnection } from 'mysql2/promise';
import { describe, expect, it, onTestFinished } from 'vitest';
import { bookFolder, md5 } from '../../support/book-folder.js';
import { MYSQL, testDatabases } from '../../support/databases.js';
import { openTestStore } from '../../support/open-test-store.js';
import { runProgram, startProgram, type RunningProgram } from '../../support/program.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

async function stopped(program: RunningProgram): Promise<void> {
  program.send('SIGTERM');
  expect((await program.result).exitCode).toBe(0);
}

describe('dogear up', () => {
  it('scans a folder, prints an address that syncs, and finds all books unchanged the second time', async () => {
    const { path: cwd } = await temporaryFolder();
    const books = await bookFolder({ 'a/one.epub': 'one', 'b/two.cbz': 'two' });
    const first = startProgram(['up', books.path, '--host', '127.0.0.1', '--port', '0'], { cwd });
    const [, address = ''] = await first.output(
      'stdout',
      /^ {2}(http:\/\/127\.0\.0\.1:\d+\/koreader\/[a-z2-9]{24})$/m,
    );
    await first.output('stdout', /2 new, 0 changed, 0 moved, 0 unchanged, 0 missing, 0 failed\n/);

    const login = await fetch(`${address}/users/auth`);
    expect([login.status, await login.json()]).toEqual([200, { authorized: 'OK' }]);
    const push = {
      document: md5('one'),
      progress: '/body/p[3]/text().7',
      percentage: 0.25,
      device: 'kobo',
      device_id: 'A',
    };
    const pushed = await fetch(`${address}/syncs/progress`, { method: 'PUT', body: JSON.stringify(push) });
    expect(pushed.status).toBe(200);
    const pulled = await fetch(`${address}/syncs/progress/${md5('one')}`);
    expect(await pulled.json()).toEqual({ ...push, timestamp: expect.any(Number) as unknown });
    expect(first.stdout()).not.toContain('undefined');
    await stopped(first);

    const second = startProgram(['up', `${books.path}/`, '--host', '127.0.0.1', '--port', '0'], { cwd });
    await second.output('stdout', /0 new, 0 changed, 0 moved, 2 unchanged, 0 missing, 0 failed\n/);
    expect(second.stdout()).not.toMatch(/\/koreader\/[a-z2-9]{24}/);
    const [, port = ''] = await second.output('stdout', /127\.0\.0\.1:(\d+)/);
    const again = await fetch(`${address.replace(/:\d+\//, `:${port}/`)}/syncs/progress/${md5('one')}`);
    expect(await again.json()).toMatchObject(push);
    await stopped(second);

    const { stdout } = await runProgram(['library', 'list', '--json'], { cwd });
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line): unknown => JSON.parse(line)),
    ).toEqual([
      expect.objectContaining({ root: books.path, books: 2, hashed: 2, missing: 0, koreader_hashes: true }),
    ]);
  });

  it('goes on syncing when the scan fails unexpectedly, and ends on SIGTERM', async () => {
    const { path: cwd } = await temporaryFolder();
    const books = await bookFolder({ 'one.epub': 'one' });
    const [sqlite] = testDatabases();
    if (sqlite === undefined) throw new Error('there is an SQLite database for tests');
    const store = await openTestStore(sqlite);
    onTestFinished(() => store.close());
    await sql`create trigger refuse before insert on book
      begin select raise(abort, 'refused by the test'); end`.execute(store.db);
    const program = startProgram(
      ['up', books.path, '--host', '127.0.0.1', '--port', '0', '--database', store.url],
      { cwd },
    );
    onTestFinished(() => program.send('SIGKILL'));
    const [, address = ''] = await program.output('stdout', /(http:\/\/127\.0\.0\.1:\d+)\/koreader/);
    await program.output('stderr', /refused by the test/);
    expect((await fetch(`${address}/healthcheck`)).status).toBe(200);
    await stopped(program);
    expect(program.stderr()).toMatch(/^dogear: The scan failed: refused by the test\. Syncing goes on/m);
  });

  it('says which folder is not there and which port is taken, and ends', async () => {
    const { path: cwd } = await temporaryFolder();
    const books = await bookFolder({ 'one.epub': 'one' });
    const missing = await runProgram(['up', 'nowhere', '--port', '0'], { cwd });
    expect(missing).toMatchObject({ exitCode: 1, stdout: '' });
    expect(missing.stderr).toMatch(/^dogear: The folder nowhere does not exist.*\n$/);
    const first = startProgram(['up', books.path, '--host', '127.0.0.1', '--port', '0'], { cwd });
    const [, port = ''] = await first.output('stdout', /127\.0\.0\.1:(\d+)/);
    const taken = await runProgram(['up', books.path, '--host', '127.0.0.1', '--port', port], { cwd });
    expect(taken.exitCode).toBe(1);
    expect(taken.stderr).toMatch(new RegExp(`^dogear: .*port ${port}.*taken.*\n$`));
    await stopped(first);
  });

  it('stops at SIGTERM although its scan waits for a locked table', async () => {
    const { path: cwd } = await temporaryFolder();
    const books = await bookFolder({ 'one.epub': 'one' });
    const store = await openTestStore(MYSQL);
    onTestFinished(() => store.close());
    const session = await createConnection({ uri: store.url });
    onTestFinished(() => session.end());
    await session.query('LOCK TABLES book WRITE');
    const program = startProgram(
      ['up', books.path, '--host', '127.0.0.1', '--port', '0', '--database', store.url]
        .concat(['--set', 'server.shutdown_seconds=1'])
        .concat(['--set', 'log.format=json']),
      { cwd },
    );
    onTestFinished(() => program.send('SIGKILL'));
    await program.output('stdout', /127\.0\.0\.1:\d+\/koreader/);
    await expect
      .poll(() => store.db.selectFrom('scan').select('id').execute(), { timeout: 20_000 })
      .toHaveLength(1);
    program.send('SIGTERM');
    const ended = await Promise.race([program.result, delay(20_000, undefined, { ref: false })]);
    expect(ended).toMatchObject({ exitCode: 0 });
    expect(program.stderr()).toContain('"msg":"stopped"');
  });
});
