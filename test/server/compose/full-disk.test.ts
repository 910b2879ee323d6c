import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { describe, expect, it, onTestFinished } from 'vitest';
import { addApiKey } from '../../../server/accounts/keys/add-api-key.js';
import { addUser } from '../../../server/accounts/add-user.js';
import { OPERATOR } from '../../../server/domain/actor.js';
import { composeStore } from '../../../server/compose/composed-store.js';
import { bookFolder } from '../../support/book-folder.js';
import { startPrivateMysql } from '../../support/private-mysql.js';
import { SQLITE } from '../../support/databases.js';
import { freePort } from '../../support/free-port.js';
import { environmentWithoutDogear, runProgram } from '../../support/program.js';
import { repositoryRoot } from '../../support/repository-root.js';
import { MAY_MOUNT, mountSmallDisk, type SmallDisk } from '../../support/small-disk.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { serveProgram } from './served-program.js';

const MAIN = join(repositoryRoot, 'dist/server/main.js');

/** The tables and their log of writes take less than 2 MiB. */
const DISK_KIB = 4096;

interface World {
  readonly url: string;
  readonly disk: SmallDisk;
  /** What names the database in messages. */
  readonly where: string;
}

async function sqliteWorld(): Promise<World> {
  const { path } = await temporaryFolder();
  const disk = mountSmallDisk(path, DISK_KIB);
  onTestFinished(() => disk.remove());
  const file = join(path, 'dogear.db');
  return { url: `sqlite:${file}`, disk, where: file };
}

/** The files of the tables are on the small disk, the server's logs are not. */
async function mysqlWorld(): Promise<World> {
  const mysql = await startPrivateMysql();
  onTestFinished(() => mysql.remove());
  const connection = await createConnection({ uri: mysql.url });
  await connection.query('create database dogear');
  const [rows] = await connection.query<RowDataPacket[]>('select @@datadir as folder');
  await connection.end();
  const folder = join(String(rows[0]?.['folder']), 'dogear');
  const disk = mountSmallDisk(folder, DISK_KIB);
  onTestFinished(() => disk.remove());
  chmodSync(folder, 0o777);
  return { url: `${mysql.url}/dogear`, disk, where: new URL(mysql.url).host };
}

async function apiKey(url: string): Promise<string> {
  const store = await composeStore({ database: { url, url_file: undefined, hosts: [], connections: 2 } });
  try {
    const permissions = new Set(['feature:koreader_sync'] as const);
    const user = await addUser(store, OPERATOR, {
      name: 'anna',
      permissions,
      isOwner: false,
      password: undefined,
    });
    const key = { userId: user.id, name: 'Kobo', permissions, expiresSeconds: undefined };
    return (await addApiKey(store, OPERATOR, key)).text;
  } finally {
    await store.close();
  }
}

describe.runIf(MAY_MOUNT)('on a full disk', () => {
  it.each([
    ['sqlite', sqliteWorld],
    ['mysql', mysqlWorld],
  ])(
    '%s: pushes, readyz, the log and the commands say so, and syncing goes on when there is space',
    async (_name, world) => {
      const { url, disk, where } = await world();
      const key = await apiKey(url);
      const books = await bookFolder(
        Object.fromEntries(
          Array.from({ length: 2000 }, (_none, i) => [`${'n'.repeat(200)}${String(i)}.epub`, String(i)]),
        ),
      );
      await runProgram(['library', 'add', 'Books', books.path, '--database', url]);
      const settings = ['sync.unknown_documents.api_key=store'];
      const server = await serveProgram(url, { settings });
      const address = `http://127.0.0.1:${String(server.port)}`;
      let pushes = 0;
      const push = async (): Promise<number> => {
        const body = { progress: 'x'.repeat(2000), percentage: 0.5, device: 'Kobo', device_id: 'A' };
        const answer = await fetch(`${address}/koreader/${key}/syncs/progress`, {
          method: 'PUT',
          body: JSON.stringify({ ...body, document: `document-${String(++pushes)}` }),
        });
        return answer.status;
      };
      const ready = async (): Promise<unknown> => (await fetch(`${address}/readyz`)).json();

      expect([await push(), await ready()]).toEqual([200, { status: 'ready' }]);
      disk.fill();
      let status = 200;
      // What the files have room for is still written.
      for (let i = 0; i < 3000 && status === 200; i++) status = await push();
      expect(status).toBe(503);
      expect(await ready()).toMatchObject({ status: 'not ready', reason: 'disk-full' });
      for (let i = 0; i < 50; i++) await push();
      const lines = server
        .stderr()
        .split('\n')
        .filter((line) => line.includes('"reason":"disk-full"'));
      // The others of these ten seconds are counted in a later line.
      expect(lines).toHaveLength(1);
      expect(lines[0]).toContain(`The database at ${where}`);
      expect(lines[0]).toContain('Its disk is full. Free space there');

      const scan = await runProgram(['scan', '--database', url]);
      expect([scan.exitCode, scan.stderr]).toEqual([
        1,
        expect.stringContaining(`dogear: The database at ${where}`),
      ]);
      expect(scan.stderr).not.toMatch(/^ +at /m);

      disk.free();
      expect(await push()).toBe(200);
      await expect.poll(ready, { timeout: 20_000, interval: 200 }).toEqual({ status: 'ready' });
    },
  );

  it('a server whose log cannot be written goes on, and logs again when there is space', async () => {
    const { path } = await temporaryFolder();
    const disk = mountSmallDisk(path, 64);
    onTestFinished(() => disk.remove());
    const database = await SQLITE.create();
    onTestFinished(() => database.drop());
    disk.fill();
    const log = openSync(join(path, 'log'), 'a');
    const port = await freePort();
    const flags = ['--host', '127.0.0.1', '--port', String(port), '--database', database.url];
    const server = spawn(process.execPath, [MAIN, 'serve', ...flags, '--set', 'log.level=debug'], {
      stdio: ['ignore', 'ignore', log],
      env: environmentWithoutDogear(),
    });
    onTestFinished(() => void server.kill('SIGKILL'));
    closeSync(log);
    const alive = async (): Promise<number> => (await fetch(`http://127.0.0.1:${String(port)}/livez`)).status;
    await expect.poll(() => alive().catch(() => 0), { timeout: 20_000 }).toBe(200);
    expect(readFileSync(join(path, 'log'), 'utf8')).toBe('');
    disk.free();
    expect(await alive()).toBe(200);
    expect(readFileSync(join(path, 'log'), 'utf8')).toMatch(/"msg":"listening.*\n.*"path":"\/livez"/);
    expect(server.exitCode).toBeNull();
  });

  it('a log that had to drop lines says how many, and goes on when there is space', async () => {
    const { path } = await temporaryFolder();
    const disk = mountSmallDisk(path, DISK_KIB);
    onTestFinished(() => disk.remove());
    disk.fill();
    const log = openSync(join(path, 'log'), 'a');
    const script = `
      import { rmSync } from 'node:fs';
      import { createLogger } from ${JSON.stringify(join(repositoryRoot, 'dist/server/compose/log.js'))};
      const log = await createLogger({ level: 'info', format: 'json' });
      for (let i = 0; i < 2000; i++) log.info({ i, text: 'x'.repeat(1000) });
      rmSync(${JSON.stringify(join(path, 'filler'))});
      log.info({ i: 2000, text: 'x'.repeat(1000) });
      setImmediate(() => log.info('again'));
    `;
    spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'ignore', log],
    });
    closeSync(log);
    const lines = readFileSync(join(path, 'log'), 'utf8')
      .trim()
      .split('\n')
      .map((line): Record<string, unknown> => JSON.parse(line));
    const written = lines.filter(({ i }) => i !== undefined).length;
    expect(lines.slice(written)).toMatchObject([{ lines: 2001 - written }, { msg: 'again' }]);
  });

  it.each(['full', 'closed'])('dogear up syncs and scans on when its output is %s', async (output) => {
    const { path: cwd } = await temporaryFolder();
    const books = await bookFolder({ 'one.epub': 'one' });
    const full = openSync('/dev/full', 'w');
    const port = await freePort();
    const flags = ['--host', '127.0.0.1', '--port', String(port)];
    const server = spawn(process.execPath, [MAIN, 'up', books.path, ...flags], {
      cwd,
      stdio: ['ignore', output === 'full' ? full : 'pipe', 'ignore'],
      env: environmentWithoutDogear(),
    });
    onTestFinished(() => void server.kill('SIGKILL'));
    closeSync(full);
    server.stdout?.destroy();
    const libraries = async (): Promise<string> =>
      (await runProgram(['library', 'list', '--json'], { cwd })).stdout;
    await expect.poll(libraries, { timeout: 20_000 }).toContain('"books":1');
    expect((await fetch(`http://127.0.0.1:${String(port)}/livez`)).status).toBe(200);
    server.kill('SIGTERM');
    expect(await once(server, 'exit')).toEqual([0, null]);
  });

  it.each([['hash', 'book.epub'], ['doctor'], ['config'], ['--help']])(
    'dogear %s says that its output cannot be written, without a stack',
    async (...args) => {
      const { path: cwd } = await temporaryFolder();
      writeFileSync(join(cwd, 'book.epub'), 'a book');
      const full = openSync('/dev/full', 'w');
      const { status, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
        cwd,
        stdio: ['ignore', full, 'pipe'],
        env: environmentWithoutDogear(),
        encoding: 'utf8',
      });
      closeSync(full);
      expect([status, stderr]).toEqual([
        1,
        'dogear: standard output cannot be written: ENOSPC: no space left on device, write\n',
      ]);
    },
  );
});
