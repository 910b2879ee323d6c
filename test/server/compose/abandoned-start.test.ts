import { once } from 'node:events';
import { createServer } from 'node:net';
import { pino } from 'pino';
import { expect, it, onTestFinished, vi } from 'vitest';
import { loadConfiguration } from '../../../config/load.js';
import { composeListener } from '../../../server/compose/listener.js';
import { testDatabases } from '../../support/databases.js';
import { freePort } from '../../support/free-port.js';
import { openTestStore } from '../../support/open-test-store.js';

const SQLITE = testDatabases().find(({ name }) => name === 'sqlite');

it('a listener that cannot have its port leaves nothing behind that looks at the database', async () => {
  if (SQLITE === undefined) throw new Error('there is an SQLite database for tests');
  const store = await openTestStore(SQLITE);
  onTestFinished(() => store.close());
  const port = await freePort();
  const other = createServer().listen(port, '127.0.0.1');
  onTestFinished(() => void other.close());
  await once(other, 'listening');
  const environment = { DOGEAR_DATABASE_URL: store.url, DOGEAR_SERVER_HOST: '127.0.0.1' };
  const { configuration } = loadConfiguration({ environment });
  vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const lines: string[] = [];
  const log = pino({}, { write: (line) => void lines.push(line) });
  const options = { port, threads: 1, isFirst: true, version: 'test' };
  await expect(composeListener(configuration, log, options)).rejects.toThrow(/it is taken/);
  expect(vi.getTimerCount()).toBe(0);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(lines).toEqual([]);
});
