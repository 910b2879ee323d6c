import { chmod, cp, mkdir, readdir, symlink } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, inject, it, onTestFinished } from 'vitest';
import { sql } from 'kysely';
import { databaseMemory } from '../../../server/database/database-memory.js';
import { testDatabases } from '../../support/databases.js';
import { openHookedStore } from '../../support/hooked-store.js';
import { openTestStore, type TestStore } from '../../support/open-test-store.js';
import { runProgram } from '../../support/program.js';
import { repositoryRoot } from '../../support/repository-root.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { pretendPages } from '../../support/stale-statistics.js';

/** 16 GiB. */
const PAGES = 2 ** 20;

describe.each(testDatabases())('dogear doctor on $name', (kind) => {
  let store: TestStore;
  beforeEach(async () => {
    store = await openTestStore(kind);
  });
  afterEach(() => store.close());

  async function memoryLine(url: string): Promise<string | undefined> {
    const { exitCode, stdout } = await runProgram(['doctor'], { env: { DOGEAR_DATABASE_URL: url } });
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining('answers, schema current')]);
    return stdout.split('\n').find((line) => line.startsWith('memory'));
  }

  if (kind.name === 'sqlite') {
    it('says nothing of a buffer pool', async () => {
      expect(await memoryLine(store.url)).toBeUndefined();
    });

    it('warns of a file that every user of the machine can read', async () => {
      const file = store.url.slice('sqlite:'.length);
      const modeLine = async (): Promise<string | undefined> =>
        (await runProgram(['doctor', '--database', store.url])).stdout
          .split('\n')
          .find((line) => line.startsWith('mode'));
      expect(await modeLine()).toBeUndefined();
      await chmod(file, 0o644);
      expect(await modeLine()).toContain(`chmod 600 ${file}*`);
    });
    return;
  }

  it('says how large the buffer pool and the tables are', async () => {
    expect(await memoryLine(store.url)).toMatch(/^memory {4}buffer pool of \d+ MiB, tables of \d+ MiB$/);
  });

  it('warns of tables that do not fit into the pool, and needs rights only on its own database', async () => {
    await pretendPages(store, 'device_progress', PAGES);
    const url = new URL(store.url);
    const name = `u${url.pathname.slice(-12)}`;
    const { hostname } = new URL(inject('mysqlUrl'));
    await sql`create user ${sql.raw(`'${name}'@'${hostname}'`)} identified by 'secret'`.execute(store.db);
    await sql`grant all on ${sql.table(url.pathname.slice(1))}.* to ${sql.raw(`'${name}'@'${hostname}'`)}`.execute(
      store.db,
    );
    url.username = name;
    url.password = 'secret';
    expect(await memoryLine(url.href)).toMatch(
      /buffer pool of \d+ MiB, tables of 16\d{3} MiB: too small, .*innodb_buffer_pool_size/,
    );
    await sql`drop user ${sql.raw(`'${name}'@'${hostname}'`)}`.execute(store.db);
  });

  it('says that the database answers although its memory cannot be read', async () => {
    const url = await cutOffAt('innodb_buffer_pool_size', store.url);
    expect(await memoryLine(url)).toMatch(/^memory {4}cannot be read: .*connection/i);
  });

  it('says nothing of a pool if the database has none', async () => {
    const hooked = openHookedStore(store.url, {
      beforeStatement: (text) => {
        if (!text.includes('innodb_buffer_pool_size')) return;
        throw Object.assign(new Error('Unknown system variable'), { code: 'ER_UNKNOWN_SYSTEM_VARIABLE' });
      },
    });
    expect(await databaseMemory(hooked)).toBeUndefined();
    await hooked.close();
  });
});

describe('dogear doctor', () => {
  it('names the package that answers HTTP', async () => {
    const { path } = await temporaryFolder();
    const { exitCode, stdout } = await runProgram(['doctor'], { cwd: path });
    expect([exitCode, stdout]).toEqual([
      0,
      expect.stringMatching(/^http {6}(@uwsjs\/.*-\d+|uWebSockets\.js)$/m),
    ]);
  });

  it('fails where that package does not load, as dogear serve does, and both say what to do', async () => {
    const main = await programWithout('@uwsjs');
    const env = { DOGEAR_DATABASE_URL: 'sqlite:dogear.db' };
    const cwd = dirname(main);
    const doctor = await runProgram(['doctor'], { main, cwd, env });
    expect([doctor.exitCode, doctor.stdout]).toEqual([
      1,
      expect.stringMatching(/^http {6}.*@uwsjs\/.* is not installed.*/m),
    ]);
    expect(doctor.stdout).toContain('answers, schema current');
    const serve = await runProgram(['serve'], { main, cwd, env });
    expect([serve.exitCode, serve.stderr]).toEqual([
      1,
      expect.stringMatching(/^dogear: .*is not installed.*\n$/),
    ]);
  });
});

/** A copy of the built program beside all of its packages but one. @returns its main file */
async function programWithout(name: string): Promise<string> {
  const { path } = await temporaryFolder();
  for (const part of ['package.json', 'dist/config', 'dist/engine', 'dist/server']) {
    await cp(join(repositoryRoot, part), join(path, part), { recursive: true });
  }
  await mkdir(join(path, 'node_modules'));
  const installed = await readdir(join(repositoryRoot, 'node_modules'));
  for (const other of installed.filter((one) => one !== name)) {
    await symlink(join(repositoryRoot, 'node_modules', other), join(path, 'node_modules', other));
  }
  return join(path, 'dist/server/main.js');
}

/** The address of a proxy to the same database that closes the connection when the client sends `text`. */
async function cutOffAt(text: string, databaseUrl: string): Promise<string> {
  const url = new URL(databaseUrl);
  const { hostname, port } = url;
  const proxy = createServer((client) => {
    const server = connect(Number(port), hostname);
    const cut = (): void => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) socket.on('error', cut).on('close', cut);
    server.pipe(client);
    client.on('data', (piece) => (piece.includes(text) ? cut() : server.write(piece)));
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void proxy.close());
  await once(proxy, 'listening');
  const address = proxy.address();
  if (address === null || typeof address === 'string') throw new Error('the test is wrong');
  url.host = `127.0.0.1:${String(address.port)}`;
  return url.href;
}
