import type { MysqlServer } from '../bench-databases.js';
import { LOAD_MODES } from '../load/load-result.js';
import { drawFlameGraph } from '../plots/flame-graph.js';
import type { SuiteContext } from '../suite.js';
import { flameTree, type Part, timeByPart } from '../sync/cpu-profile.js';
import type { FleetServer, SyncBench } from '../sync/sync-bench.js';

const CONNECTIONS = 64;
/** The parts that a push runs through before it waits for the database. */
const COUNTED: readonly Part[] = ['authentication', 'routing', 'parsing'];

/** Processor time of the server a request: of the whole process, and by parts of the program from a profile. */
export async function measureRequestCpu(bench: SyncBench, mysql: MysqlServer): Promise<void> {
  const { context, sizes, startFleet } = bench;
  const { findings, log } = context;
  log('processor time a request');
  const fleet = await startFleet(await mysql.createDatabase(), sizes.fleet);
  try {
    for (const mode of LOAD_MODES) {
      // The first load warms up the compiler and is not measured.
      await fleet.load(mode, CONNECTIONS);
      const samples: number[] = [];
      for (let round = 0; round < sizes.cpuRounds; round += 1) {
        fleet.server.reset('cpu');
        const { requests } = await fleet.load(mode, CONNECTIONS);
        samples.push(((await fleet.server.read()).cpuSeconds / requests) * 1e6);
      }
      findings.series.push({
        suite: 'sync',
        name: `processor time of the whole server: ${mode}`,
        unit: 'µs',
        samples,
      });
    }
    await profilePushes(context, fleet, sizes.cpuRounds);
  } finally {
    await fleet.close();
  }
}

async function profilePushes(
  { findings, log }: SuiteContext,
  fleet: FleetServer,
  rounds: number,
): Promise<void> {
  log('profile of pushes');
  const samples: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await fleet.server.beginProfile();
    const { requests } = await fleet.load('push', CONNECTIONS);
    const profile = await fleet.server.endProfile();
    const usByPart = new Map(
      [...timeByPart(profile)].map(([part, seconds]) => [part, (seconds / requests) * 1e6]),
    );
    samples.push(COUNTED.reduce((sum, part) => sum + (usByPart.get(part) ?? 0), 0));
    if (round > 0) continue;
    findings.facts['µs a push by part of the program, profiled'] = Object.fromEntries(
      [...usByPart].map(([part, us]) => [part, Math.round(us * 100) / 100]),
    );
    const title = `Pushes at ${CONNECTIONS} connections: where the server's processor time goes`;
    const content = drawFlameGraph(flameTree(profile), title);
    findings.attachments.push({ name: 'flame-push.svg', title, content });
  }
  findings.targets.push({ target: 'request-cpu', samples });
}
