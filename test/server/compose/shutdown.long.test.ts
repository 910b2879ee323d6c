import { describe, expect, it, onTestFinished } from 'vitest';
import { testDatabases } from '../../support/databases.js';
import { openTestStore } from '../../support/open-test-store.js';
import { runAndCheck, seconds } from './fleet-run.js';
import { makeFleet } from './fleet-world.js';
import { type ServedProgram, serveProgram } from './served-program.js';

const FLEET = { users: 20, devicesPerUser: 3 };
/** More than any answer takes, and less than systemd's default timeout (90 s). */
const SETTINGS = ['server.shutdown_seconds=10'];

async function stopped(server: ServedProgram): Promise<void> {
  server.send('SIGTERM');
  const { exitCode, stderr } = await server.result;
  expect(exitCode, stderr).toBe(0);
  expect(stderr).toContain('"msg":"stopped"');
  expect(stderr).not.toContain('stopping took too long');
}

describe.each(testDatabases())('servers on $name that are told to stop under load', (kind) => {
  it.each([1, 2])(
    'answer the waiting requests, lose no acknowledged push and exit with 0 (%i threads)',
    async (threads) => {
      const store = await openTestStore(kind);
      onTestFinished(() => store.close());
      const devices = await makeFleet(store, store.url, FLEET);
      const settings = [...SETTINGS, `server.listeners=${String(threads)}`];
      const one = await serveProgram(store.url, { settings });
      const two = await serveProgram(store.url, { settings });
      await runAndCheck(store, {
        devices,
        ports: [one.port, two.port],
        pauseMs: 5,
        meanwhile: async () => {
          await seconds(2);
          await stopped(one);
          const again = await serveProgram(store.url, { port: one.port, settings });
          await seconds(1);
          await Promise.all([stopped(two), stopped(again)]);
          await serveProgram(store.url, { port: one.port, settings });
          await serveProgram(store.url, { port: two.port, settings });
        },
      });
    },
  );
});
