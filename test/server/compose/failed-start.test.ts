import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { createConnection } from 'mysql2/promise';
import { expect, it, onTestFinished } from 'vitest';
import { testDatabases } from '../../support/databases.js';
import { openTestStore } from '../../support/open-test-store.js';
import { startProgram } from '../../support/program.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

it('a server that gets fewer connections than it needs says so and ends', async () => {
  const kind = testDatabases().find(({ name }) => name === 'mysql');
  if (kind === undefined) throw new Error('there is a MySQL database for tests');
  const store = await openTestStore(kind);
  onTestFinished(() => store.close());
  const url = new URL(store.url);
  const administrator = await createConnection({ uri: store.url });
  onTestFinished(() => administrator.end());
  const account = `'one_connection_${randomBytes(4).toString('hex')}'@'127.0.0.1'`;
  await administrator.query(`CREATE USER ${account} IDENTIFIED BY 'secret' WITH MAX_USER_CONNECTIONS 1`);
  onTestFinished(async () => void (await administrator.query(`DROP USER ${account}`)));
  await administrator.query(`GRANT ALL ON \`${url.pathname.slice(1)}\`.* TO ${account}`);
  url.username = account.slice(1, account.indexOf("'", 1));
  url.password = 'secret';

  const { path: cwd } = await temporaryFolder();
  const program = startProgram(['serve', '--host', '127.0.0.1', '--port', '0', '--database', url.href], {
    cwd,
  });
  onTestFinished(() => program.send('SIGKILL'));
  const ended = await Promise.race([program.result, delay(20_000, undefined, { ref: false })]);
  expect(ended?.exitCode).toBe(1);
  expect(ended?.stderr).toMatch(/^dogear: The database at .* cannot be used: .*max_user_connections/m);
});

it.each([1, 2])(
  'a server of %d threads whose port is taken says so without a stack, and ends',
  async (listeners) => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    onTestFinished(() => void taken.close());
    const address = taken.address();
    if (address === null || typeof address === 'string') throw new Error('the port is not known');
    const port = String(address.port);
    const { path: cwd } = await temporaryFolder();
    const flags = ['--host', '127.0.0.1', '--port', port, '--set', `server.listeners=${String(listeners)}`];
    const program = startProgram(['serve', ...flags], { cwd });
    onTestFinished(() => program.send('SIGKILL'));
    const ended = await Promise.race([program.result, delay(20_000, undefined, { ref: false })]);
    expect(ended).toMatchObject({
      exitCode: 1,
      stderr: `dogear: Cannot listen on 127.0.0.1, port ${port}: it is taken or not permitted.\n`,
    });
  },
);
