import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { migrate } from '../../../server/database/migrate.js';
import { openStore } from '../../../server/database/store.js';
import { type GaleraCluster, type GaleraNode, startGaleraCluster } from '../../support/galera-cluster.js';
import { runAndCheck, seconds } from './fleet-run.js';
import { makeFleet } from './fleet-world.js';
import type { ReaderReport } from './load-reader.js';
import { serveProgram } from './served-program.js';

const FLEET = { users: 12, devicesPerUser: 3 };
/** A node that is well again is used again after ten seconds (cluster-pool.ts). */
const UNTIL_USED_AGAIN_SECONDS = 12;

interface Row {
  readonly fault: string;
  readonly requests: number;
  readonly answers503: number;
  readonly withoutAnswer: number;
  /** Between two answers of the same Dogear that were not 503, the longest. */
  readonly longestPauseMs: number;
  readonly lost: 0;
  readonly stale: 0;
}

/**
 * Two Dogears on three nodes of Galera, of which the first Dogear uses the first node and the second one the second. Each
 * device sends each request to either Dogear, so a pull often uses another node than the push before it.
 */
describe('a cluster of three nodes under load', () => {
  let cluster: GaleraCluster;
  const rows: Row[] = [];

  beforeAll(async () => {
    cluster = await startGaleraCluster(3, { suspectSeconds: 2 });
  });
  afterAll(async () => {
    await cluster.remove();
    // oxlint-disable-next-line no-console -- the table is what this is run for
    console.table(rows);
  });

  it.each<[string, (first: GaleraNode, others: readonly GaleraNode[]) => Promise<void>]>([
    ['none', () => seconds(10)],
    [
      'killed',
      async (first) => {
        await first.stop('SIGKILL');
        await seconds(6);
        await first.start();
      },
    ],
    [
      'frozen',
      async (first) => {
        process.kill(first.processId, 'SIGSTOP');
        await seconds(8);
        process.kill(first.processId, 'SIGCONT');
      },
    ],
    [
      'cut off from the others',
      async (first) => {
        await first.isolate(true);
        await seconds(8);
        await first.isolate(false);
      },
    ],
    [
      'all restarted, one after the other',
      async (first, others) => {
        for (const node of [first, ...others]) {
          await node.stop();
          await node.start();
          await seconds(2);
        }
      },
    ],
    [
      'copying all data',
      async (first) => {
        await first.stop();
        await first.forgetData();
        await seconds(2);
        await first.start();
      },
    ],
  ])('loses nothing and shows nothing old when the first one is %s', async (fault, happens) => {
    const [first, second, third] = cluster.nodes;
    if (first === undefined || second === undefined || third === undefined) throw new Error('three nodes');
    // A database of its own: its devices have no past.
    const database = `fault${String(rows.length)}`;
    await third.run(`create database ${database}`);
    const url = cluster.url(database, [first, second, third]);
    const store = await openStore(cluster.url(database, [third, second, first]));
    onTestFinished(() => store.close());
    await migrate(store);
    const devices = await makeFleet(store, url, FLEET);
    const servers = [
      await serveProgram(url),
      await serveProgram(cluster.url(database, [second, third, first])),
    ];
    const report = await runAndCheck(store, {
      devices,
      ports: servers.map(({ port }) => port),
      pauseMs: 5,
      meanwhile: async () => {
        await seconds(3);
        await happens(first, [second, third]);
        await seconds(UNTIL_USED_AGAIN_SECONDS);
      },
    });
    rows.push(rowOf(fault, report));
    for (const server of servers) expect(server.stderr()).not.toMatch(/"level":"(?:fatal|error)"/);
  });
});

/** The report was checked: what it has lost or shown late has failed the test. */
function rowOf(fault: string, { events, failures }: ReaderReport): Row {
  const ports = new Set(events.map(({ port }) => port));
  const pauses = [...ports].map((port) => {
    const answered = events
      .filter((event) => event.port === port && (event.kind === 'pull' || event.isAcknowledged))
      .map(({ answeredMs }) => answeredMs)
      .toSorted((left, right) => left - right);
    return Math.max(...answered.slice(1).map((answeredMs, i) => answeredMs - (answered[i] ?? answeredMs)));
  });
  const pulls = events.filter(({ kind }) => kind === 'pull').length;
  const pushes = events.length - pulls;
  const failedPulls = failures.filter(({ method }) => method === 'GET').length;
  return {
    fault,
    requests: pushes + pulls + failedPulls,
    answers503: failures.filter(({ status }) => status === 503).length,
    withoutAnswer: failures.filter(({ status }) => status === 0).length,
    longestPauseMs: Math.round(Math.max(...pauses)),
    lost: 0,
    stale: 0,
  };
}
