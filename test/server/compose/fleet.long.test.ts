import { describe, it, onTestFinished } from 'vitest';
import { testDatabases } from '../../support/databases.js';
import { openTestStore } from '../../support/open-test-store.js';
import { runAndCheck, seconds } from './fleet-run.js';
import { makeFleet } from './fleet-world.js';
import { serveProgram } from './served-program.js';

/** `DOGEAR_TEST_LOAD_SECONDS` changes the duration of the load, for experiments. */
const LOAD_SECONDS = Number(process.env['DOGEAR_TEST_LOAD_SECONDS'] ?? 5);
const FLEET = { users: 50, devicesPerUser: 4 };

describe.each(testDatabases())('200 devices of 50 users on $name', (kind) => {
  it('push and pull while the server is killed and started again, which loses nothing', async () => {
    const store = await openTestStore(kind);
    onTestFinished(() => store.close());
    const devices = await makeFleet(store, store.url, FLEET);
    const server = await serveProgram(store.url);
    const { port } = server;
    await runAndCheck(store, {
      devices,
      ports: [port],
      pauseMs: 0,
      meanwhile: async () => {
        await seconds(LOAD_SECONDS / 2);
        server.send('SIGKILL');
        await server.result;
        await serveProgram(store.url, { port });
      },
    });
  });

  it('are spread over two threads of a server', async () => {
    const store = await openTestStore(kind);
    onTestFinished(() => store.close());
    const devices = await makeFleet(store, store.url, FLEET);
    const { port } = await serveProgram(store.url, { settings: ['server.listeners=2'] });
    await runAndCheck(store, { devices, ports: [port], pauseMs: 0, meanwhile: () => seconds(LOAD_SECONDS) });
  });

  it('use two servers on one database, one of which is killed and started again', async () => {
    const store = await openTestStore(kind);
    onTestFinished(() => store.close());
    const devices = await makeFleet(store, store.url, FLEET);
    const one = await serveProgram(store.url);
    const two = await serveProgram(store.url);
    await runAndCheck(store, {
      devices,
      ports: [one.port, two.port],
      pauseMs: 0,
      meanwhile: async () => {
        await seconds(LOAD_SECONDS / 2);
        two.send('SIGKILL');
        await two.result;
        await serveProgram(store.url, { port: two.port });
      },
    });
  });
});
