import { createConnection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { migrate } from '../../../server/database/migrate.js';
import { openStore } from '../../../server/database/store.js';
import { type PrivateMysql, startPrivateMysql } from '../../support/private-mysql.js';
import { runAndCheck, seconds } from './fleet-run.js';
import { makeFleet } from './fleet-world.js';
import { LoadClient, nowMs } from './load-client.js';
import { serveProgram } from './served-program.js';

/** A reader gives up after this time without an answer. */
const READER_TIMEOUT_MS = 2000;
const FLEET = { users: 12, devicesPerUser: 3 };

let mysql: PrivateMysql;
let url: string;

beforeAll(async () => {
  mysql = await startPrivateMysql();
  const connection = await createConnection({ uri: mysql.url });
  await connection.query('CREATE DATABASE outage');
  await connection.end();
  url = `${mysql.url}/outage`;
});
afterAll(() => mysql.remove());

interface Outage {
  readonly what: string;
  readonly beganMs: number;
  readonly endedMs: number;
}

describe('a database that goes away under load', () => {
  it('causes 503 in time, loses no acknowledged push, and needs no help when it is back', async () => {
    const store = await openStore(url);
    onTestFinished(() => store.close());
    await migrate(store);
    const devices = await makeFleet(store, url, FLEET);
    const { port } = await serveProgram(url);
    const outages: Outage[] = [];
    const outage = async (what: string, begin: () => Promise<void>, end: () => Promise<void>) => {
      await seconds(2);
      await begin();
      const beganMs = nowMs();
      await seconds(4);
      outages.push({ what, beganMs, endedMs: nowMs() });
      await end();
    };
    const freeze = (signal: NodeJS.Signals) => async () => void process.kill(mysql.processId, signal);
    const report = await runAndCheck(store, {
      devices,
      ports: [port],
      pauseMs: 20,
      meanwhile: async () => {
        await outage(
          'stopped',
          () => mysql.stop(),
          () => mysql.start(),
        );
        await outage('hanging', freeze('SIGSTOP'), freeze('SIGCONT'));
        await outage(
          'killed',
          async () => {
            process.kill(mysql.processId, 'SIGKILL');
            await mysql.stop();
          },
          () => mysql.start(),
        );
      },
    });

    const acknowledged = report.events.filter((event) => event.kind === 'push' && event.isAcknowledged);
    for (const [i, { what, beganMs, endedMs }] of outages.entries()) {
      const refused = report.failures.filter(({ sentMs }) => sentMs > beganMs && sentMs < endedMs);
      expect(refused.length, `requests while it was ${what}`).toBeGreaterThan(0);
      expect(new Set(refused.map(({ status }) => status)), `answers while it was ${what}`).toEqual(
        new Set([503]),
      );
      // On an overloaded machine, which runs the clients as well, one answer in a hundred may be late.
      const late = refused.filter(({ sentMs, answeredMs }) => answeredMs - sentMs > READER_TIMEOUT_MS);
      expect(late.length, `late answers while it was ${what}`).toBeLessThanOrEqual(refused.length / 100);
      const nextMs = outages[i + 1]?.beganMs ?? Infinity;
      const after = acknowledged.filter(({ sentMs }) => sentMs > endedMs && sentMs < nextMs);
      expect(after.length, `pushes after it was ${what}`).toBeGreaterThan(0);
    }
  });

  it('does not prevent a server from stopping', async () => {
    const server = await serveProgram(url, { settings: ['server.shutdown_seconds=5'] });
    const client = new LoadClient();
    process.kill(mysql.processId, 'SIGSTOP');
    onTestFinished(() => void process.kill(mysql.processId, 'SIGCONT'));
    const headers = { 'x-auth-user': 'nobody', 'x-auth-key': '0'.repeat(32) };
    const waiting = client.send(server.port, 'GET', '/users/auth', headers);
    await seconds(0.5);
    server.send('SIGTERM');
    expect((await waiting).status).toBe(503);
    expect((await server.result).exitCode).toBe(0);
    client.close();
  });
});
