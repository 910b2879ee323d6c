import { setTimeout as delay } from 'node:timers/promises';
import { median, pairedRatios, quantile } from '../statistics.js';
import { type AttackName, type AttackReport, SYNC_ATTACKS } from './attack-task.js';
import { startAttacker } from './attacker.js';
import { type AttackWorld, pushBody, pushDevices } from './attack-world.js';
import { type HonestLatencies, type HonestRequest, measureHonest } from './honest-clients.js';

export const MEASURED_ATTACKS = [...SYNC_ATTACKS, 'translation', 'many devices'] as const;
export type MeasuredAttack = (typeof MEASURED_ATTACKS)[number];

export interface AttackSizes {
  readonly attacks: readonly MeasuredAttack[];
  readonly seconds: number;
  readonly rounds: number;
  readonly devices: number;
}

/** What an honest client feels of an attack. Each ratio is with the attack over without it, in one round. */
export interface AttackRow {
  readonly attack: string;
  readonly request: string;
  readonly median: Compared;
  readonly p99: Compared;
  /** Honest requests that were not answered 200, without and with the attack. */
  readonly failed: readonly [number, number];
  readonly memoryGrowthBytes: number;
  readonly report: AttackReport | undefined;
}

interface Compared {
  readonly calmMs: number;
  readonly attackedMs: number;
  /** The median of the rounds. */
  readonly ratio: number;
}

/** The attack begins before the measurement does. */
const BEGIN_MS = 500;
/** After an attack the server may be busy with what it has taken. */
const SETTLE_MS = 1500;
const MEMORY_EVERY_MS = 100;
const WARM_UP_SECONDS = 2;
const DEVICE_COUNTS = [1, 10, 1000, 100_000];

/** All attacks on one server, one after the other. Yields the rows of each when it has ended. */
export async function* attackAll(
  world: AttackWorld,
  sizes: AttackSizes,
  say: (line: string) => void,
): AsyncGenerator<readonly AttackRow[]> {
  const { honest, ordinaryBook, hostileBooks } = world;
  const sync: readonly Named[] = [
    ['push', pushOf(world)],
    ['pull', { method: 'GET', path: `${honest.keyPath}/syncs/progress/${HONEST_DOCUMENT}`, headers: {} }],
  ];
  const translation: Named = [
    'translation',
    {
      method: 'GET',
      path: `/api/v1/progress/${ordinaryBook}`,
      headers: { authorization: `Bearer ${honest.key}` },
    },
  ];
  const attack = (
    plan: Omit<AttackPlan, 'label'>,
    label: string = plan.name,
  ): Promise<readonly AttackRow[]> => {
    say(label);
    return attackRounds(world, sizes, { ...plan, label });
  };
  for (const name of SYNC_ATTACKS.filter((known) => sizes.attacks.includes(known))) {
    yield await attack({ name, requests: sync, document: 'hostile' });
  }
  for (const { what, document } of sizes.attacks.includes('translation') ? hostileBooks : []) {
    const plan = { name: 'translation' as const, requests: [...sync, translation], document };
    yield await attack(plan, `translation of ${what}`);
  }
  if (sizes.attacks.includes('many devices')) yield* deviceRows(world, sizes, sync, say);
}

const HONEST_DOCUMENT = 'honest-document';
type Named = readonly [name: string, request: HonestRequest];

function pushOf({ honest }: AttackWorld): HonestRequest {
  const body = (): string => pushBody(HONEST_DOCUMENT, 'honest');
  return { method: 'PUT', path: `${honest.keyPath}/syncs/progress`, headers: {}, body };
}

interface AttackPlan {
  readonly name: AttackName;
  /** Its name in the table. */
  readonly label: string;
  readonly requests: readonly Named[];
  readonly document: string;
}

async function attackRounds(
  { server, hostile }: AttackWorld,
  { seconds, rounds }: AttackSizes,
  { name, label, requests, document }: AttackPlan,
): Promise<readonly AttackRow[]> {
  const { keyPath, key } = hostile;
  const task = { port: server.port, attacks: [name], pauseMs: 20, keyPath, key, document };
  const honest = requests.map(([, request]) => request);
  const reports: AttackReport[] = [];
  const sides: {
    readonly calm: readonly HonestLatencies[];
    readonly attacked: readonly HonestLatencies[];
  }[] = [];
  // Each attack begins with a new process, so that its memory is not that of the attack before. It is cold at first.
  await server.kill();
  await server.start();
  await measureHonest(server.port, honest, WARM_UP_SECONDS);
  const before = server.residentBytes() ?? 0;
  let peak = before;
  const timer = setInterval(() => (peak = Math.max(peak, server.residentBytes() ?? 0)), MEMORY_EVERY_MS);
  for (let round = 0; round < rounds; round++) {
    const calm = await measureHonest(server.port, honest, seconds);
    const attacker = startAttacker(task);
    await delay(BEGIN_MS);
    const attacked = await measureHonest(server.port, honest, seconds);
    reports.push(await attacker.stop());
    await delay(SETTLE_MS);
    sides.push({ calm, attacked });
  }
  clearInterval(timer);
  return requests.map(([request], index) => {
    const calm = sides.map((side) => side.calm[index]).filter((found) => found !== undefined);
    const attacked = sides.map((side) => side.attacked[index]).filter((found) => found !== undefined);
    return {
      ...rowOfSides(label, request, calm, attacked),
      memoryGrowthBytes: peak - before,
      report: reports.reduce(sumOf),
    };
  });
}

function rowOfSides(
  attack: string,
  request: string,
  calm: readonly HonestLatencies[],
  attacked: readonly HonestLatencies[],
): Omit<AttackRow, 'memoryGrowthBytes' | 'report'> {
  const compared = (fraction: number): Compared => {
    const calmMs = calm.map(({ ms }) => quantile(ms, fraction));
    const attackedMs = attacked.map(({ ms }) => quantile(ms, fraction));
    const ratio = median(pairedRatios(attackedMs, calmMs));
    return { calmMs: median(calmMs), attackedMs: median(attackedMs), ratio };
  };
  const failures = (side: readonly HonestLatencies[]): number =>
    side.reduce((sum, { failed }) => sum + failed, 0);
  return {
    attack,
    request,
    median: compared(0.5),
    p99: compared(0.99),
    failed: [failures(calm), failures(attacked)],
  };
}

function sumOf(left: AttackReport, right: AttackReport): AttackReport {
  const answers = { ...left.answers };
  for (const [status, count] of Object.entries(right.answers))
    answers[status] = (answers[status] ?? 0) + count;
  return {
    opened: left.opened + right.opened,
    closed: left.closed + right.closed,
    checked: left.checked + right.checked,
    storedUnanswered: left.storedUnanswered + right.storedUnanswered,
    believed: left.believed + right.believed,
    answers,
  };
}

/**
 * A document that more and more devices push, pulled in turn with a document of one device; and what others feel of its
 * pulls.
 */
async function* deviceRows(
  world: AttackWorld,
  sizes: AttackSizes,
  sync: readonly Named[],
  say: (line: string) => void,
): AsyncGenerator<readonly AttackRow[]> {
  const { server, hostile } = world;
  const { port } = server;
  const pullOf = (document: string): HonestRequest => {
    return { method: 'GET', path: `${hostile.keyPath}/syncs/progress/${document}`, headers: {} };
  };
  const [one, many] = ['one-device', 'many-devices'];
  await pushDevices(port, hostile, one, { from: 0, to: 1 });
  let from = 0;
  for (const count of DEVICE_COUNTS.filter((known) => known <= sizes.devices)) {
    const name = `${count.toLocaleString('en-US')} devices push one document`;
    say(name);
    const before = server.residentBytes() ?? 0;
    await pushDevices(port, hostile, many, { from, to: count });
    from = count;
    const calm: HonestLatencies[] = [];
    const attacked: HonestLatencies[] = [];
    for (let round = 0; round < sizes.rounds; round++) {
      calm.push(...(await measureHonest(port, [pullOf(one)], sizes.seconds)));
      attacked.push(...(await measureHonest(port, [pullOf(many)], sizes.seconds)));
    }
    const memoryGrowthBytes = (server.residentBytes() ?? 0) - before;
    yield [{ ...rowOfSides(name, 'pull of it', calm, attacked), memoryGrowthBytes, report: undefined }];
    const plan = { name: 'pulls of one document' as const, label: `its pulls, ${name}`, document: many };
    const others = await attackRounds(world, sizes, { ...plan, requests: sync });
    yield others.map((row) => ({ ...row, request: `${row.request} of others` }));
  }
}
