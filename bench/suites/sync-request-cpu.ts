import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { MysqlServer } from '../bench-databases.js';
import { LOAD_MODES } from '../load/load-result.js';
import { drawFlameGraph } from '../plots/flame-graph.js';
import { cpuProfile, flameTree, timeByPart } from '../sync/cpu-profile.js';
import type { SyncBench } from './sync.js';

const CONNECTIONS = 64;
/** Of the profiler: a sample at most this often. */
const INTERVAL_US = 200;

/** Processor time of the server for each request: of the whole process, and of a profiled one by its parts. */
export async function measureRequestCpu(bench: SyncBench, mysql: MysqlServer): Promise<void> {
  await wholeProcess(bench, mysql);
  await profiled(bench, mysql);
}

async function wholeProcess({ context, sizes, startFleet }: SyncBench, mysql: MysqlServer): Promise<void> {
  const { findings, log } = context;
  log('processor time a request');
  const fleet = await startFleet(await mysql.createDatabase(), sizes.fleet);
  try {
    for (const mode of LOAD_MODES) {
      await fleet.load(mode, CONNECTIONS);
      fleet.server.reset('cpu');
      const { requests } = await fleet.load(mode, CONNECTIONS);
      const { cpuSeconds } = await fleet.server.read();
      findings.series.push({
        suite: 'sync',
        name: `processor time of the whole server: ${mode}`,
        unit: 'µs',
        samples: [(cpuSeconds / requests) * 1e6],
      });
    }
  } finally {
    await fleet.close();
  }
}

async function profiled({ context, sizes, startFleet }: SyncBench, mysql: MysqlServer): Promise<void> {
  const { findings, log, workFolder } = context;
  log('profile of pushes');
  const folder = join(workFolder, 'profile');
  mkdirSync(folder, { recursive: true });
  const profiler = ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-interval=${INTERVAL_US}`];
  const fleet = await startFleet(await mysql.createDatabase(), sizes.fleet, profiler);
  let requests = 0;
  try {
    // The profile holds everything from the start on, so all pushes count; two stretches dilute the start.
    for (let stretch = 0; stretch < 2; stretch += 1) requests += (await fleet.load('push', CONNECTIONS)).requests;
  } finally {
    await fleet.close();
  }
  const [file] = readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'));
  if (file === undefined) throw new Error('the profiled server left no profile');
  const profile = cpuProfile.parse(JSON.parse(readFileSync(join(folder, file), 'utf8')));
  rmSync(folder, { recursive: true });
  const usByPart = [...timeByPart(profile)].map(([part, seconds]): [string, number] => [
    part,
    Math.round((seconds / requests) * 1e8) / 100,
  ]);
  findings.facts['µs a push by part of the program, profiled'] = Object.fromEntries(usByPart);
  const parts = new Map(usByPart);
  const counted = ['authentication', 'routing', 'parsing'].map((part) => parts.get(part) ?? 0);
  findings.targets.push({ target: 'request-cpu', samples: [counted.reduce((sum, us) => sum + us, 0)] });
  const title = `Pushes at ${CONNECTIONS} connections: where the server's processor time goes`;
  findings.attachments.push({ name: 'flame-push.svg', content: drawFlameGraph(flameTree(profile), title) });
}
