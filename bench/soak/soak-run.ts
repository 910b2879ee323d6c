import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { nowMs } from '../../test/server/compose/load-client.js';
import type { LoadDevice } from '../../test/server/compose/load-plan.js';
import { errorMessage } from '../../server/domain/error-text.js';
import { freePort } from '../../test/support/free-port.js';
import { type AttackName, HOSTILE_ADDRESS, SYNC_ATTACKS } from '../attack/attack-task.js';
import { type Attacker, startAttacker } from '../attack/attacker.js';
import type { DatabaseKind } from '../bench-databases.js';
import { DogearServer } from '../served/dogear-server.js';
import { addOwner, OwnerApi } from '../served/owner-api.js';
import { addBooks, addReaders } from '../served/reading-fleet.js';
import { pullAndList } from './after-fault.js';
import { CheckedHistory } from './checked-history.js';
import { type Fault, type FaultName, faultsOf } from './faults.js';
import { GrownDocuments, type GrownFindings } from './grown-documents.js';
import { MemoryWatch } from './memory-watch.js';
import { createSoakDatabase, type SoakDatabase } from './soak-database.js';
import { SoakReader } from './soak-reader.js';
import { Window } from './window.js';

export interface SoakOptions {
  readonly kind: DatabaseKind;
  readonly seconds: number;
  readonly faults: readonly FaultName[];
  /** An existing folder, for everything but what goes to the small disk. */
  readonly workFolder: string;
  readonly logFile: string | undefined;
  readonly say: (line: string) => void;
}

/** A row of the table: all times that a fault happened. */
export interface FaultTally {
  readonly name: FaultName;
  times: number;
  requests: number;
  unavailable: number;
  unanswered: number;
  longestPauseMs: number;
  slowestMs: number;
  lost: number;
  stale: number;
  /** How often the log named it, or /metrics counted it. */
  named: number;
  /** Whether one of them can and has to. */
  readonly mustBeNamed: boolean;
}

export interface SoakReport {
  readonly kind: DatabaseKind;
  readonly rows: readonly FaultTally[];
  /** Faults that this machine or database cannot have, with the reason. */
  readonly skipped: readonly string[];
  readonly notes: readonly string[];
  /** What makes the run fail, a sentence each. */
  readonly problems: readonly string[];
}

const USERS = 8;
const READER_PAUSE_MS = 20;
/** Load before a fault begins, so that all readers are at work. */
const BEFORE_MS = 1000;
/** How long a fault lasts: shorter in a run that is too short for all of its faults. */
const LEAST_FAULT_MS = 1500;
const MOST_FAULT_MS = 6000;
/** Load after a fault, in which the program has to recover. */
const AFTER_MS = 3000;
/** A fault that is to be felt, but is not felt until then, ends. */
const FELT_DEADLINE_MS = 20_000;
const FELT_FAILURES = 20;
/** Until then a program has recovered, or it never does. */
const RECOVERY_MS = 60_000;
/** A fault of the same kind is named again within this time, so that the log stays short. */
const NAMED_MS = 15_000;
const REQUEST_LINE = /"msg":"request"/;
const HOSTILE_PAUSE_MS = 300;
/**
 * All at once. Without the one on 200 connections, whose unread answers come and go in the memory that is watched, and
 * without translations, because the books of the soak are no EPUBs.
 */
const HOSTILE_ATTACKS: readonly AttackName[] = [
  ...SYNC_ATTACKS.filter((name) => name !== 'unread description on 200 connections'),
  'many devices',
  'pulls of one document',
];
const GROWING_READERS = 4;
const NOTHING_GROWN: GrownFindings = { stale: [], lost: [], mistakes: [] };
const SCANS = '/libraries/1/scans';
const MANAGED = ['/me', '/books', '/users', '/devices', '/libraries', '/scans', SCANS];
const MANAGED_PAUSE_MS = 200;
/** Done, a scan that was started or is running already, and answers of a server without its database or without life. */
const MANAGED_STATUSES: ReadonlySet<number> = new Set([200, 201, 409, 503, 0]);
/** Sentences that are shown of each kind; a broken program may have thousands. */
const SHOWN_PROBLEMS = 5;

/** Runs readers and hostile clients against one database, with one fault after the other. */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const { kind, workFolder, faults, logFile } = options;
  const database = await createSoakDatabase(kind, workFolder, {
    hasDisk: faults.includes('disk full'),
    hasClock: faults.some((name) => name.startsWith('clock')),
  });
  try {
    const ownerKey = await addOwner(database.url, workFolder);
    await addBooks(database.url, workFolder, USERS);
    const port = await freePort();
    const server = new DogearServer({
      port,
      databaseUrl: database.url,
      workFolder,
      settings: ['server.listeners=2', 'sync.unknown_documents.api_key=store'],
      environment: database.environment,
      ...(logFile === undefined ? {} : { logFile }),
    });
    await server.start();
    try {
      const run = await SoakRun.create(options, database, server, new OwnerApi(port, ownerKey));
      return await run.run();
    } finally {
      await server.kill();
    }
  } finally {
    await database.remove();
  }
}

class SoakRun {
  readonly #options: SoakOptions;
  readonly #server: DogearServer;
  readonly #api: OwnerApi;
  readonly #readers: readonly SoakReader[];
  readonly #faults: ReadonlyMap<FaultName, Fault | string>;
  readonly #grown: GrownDocuments;
  readonly #attacker: Attacker;
  readonly #history = new CheckedHistory();
  readonly #rows = new Map<FaultName, FaultTally>();
  readonly #problems: string[] = [];
  readonly #notes: string[] = [];
  readonly #memory: MemoryWatch;
  readonly #faultMs: number;
  #acknowledged = 0;
  #isHostileNamed = false;

  static async create(
    options: SoakOptions,
    database: SoakDatabase,
    server: DogearServer,
    api: OwnerApi,
  ): Promise<SoakRun> {
    const devices = await addReaders(api, USERS);
    const { id, keyPath } = await api.addUser('grower');
    const growers = Array.from({ length: GROWING_READERS }, (_none, i): LoadDevice => {
      return { number: devices.length + i, userId: id, pathPrefix: keyPath, headers: {}, books: [] };
    });
    const hostile = await api.addUser('hostile');
    const attacker = startAttacker({
      port: server.port,
      attacks: HOSTILE_ATTACKS,
      pauseMs: HOSTILE_PAUSE_MS,
      keyPath: hostile.keyPath,
      key: hostile.key,
      document: 'hostile-devices',
    });
    return new SoakRun(options, database, server, api, { devices, growers, attacker });
  }

  private constructor(
    options: SoakOptions,
    database: SoakDatabase,
    server: DogearServer,
    api: OwnerApi,
    clients: {
      readonly devices: readonly LoadDevice[];
      readonly growers: readonly LoadDevice[];
      readonly attacker: Attacker;
    },
  ) {
    this.#options = options;
    this.#server = server;
    this.#api = api;
    this.#readers = clients.devices.map((device) => new SoakReader(device, server.port));
    this.#grown = new GrownDocuments(clients.growers.map((device) => new SoakReader(device, server.port)));
    this.#attacker = clients.attacker;
    this.#faults = faultsOf(database, server);
    this.#memory = new MemoryWatch(() => server.residentBytes());
    const shareMs = (options.seconds * 1000) / options.faults.length / 2;
    this.#faultMs = Math.min(MOST_FAULT_MS, Math.max(LEAST_FAULT_MS, shareMs));
  }

  async run(): Promise<SoakReport> {
    const { kind, faults } = this.#options;
    const wanted = faults.map((name) => this.#faults.get(name)).filter((fault) => typeof fault === 'object');
    const isWhole = await this.#rounds(wanted);
    const growing = wanted.find(({ isGrowing }) => isGrowing);
    if (isWhole && growing !== undefined) await this.#verifyGrownAtEnd(growing);
    const memory = this.#memory.end();
    this.#notes.push(`memory of the server: ${memory.text}`);
    if (memory.hasGrown) this.#problems.push(`the memory of the server grew: ${memory.text}`);
    this.#notes.push(`${this.#acknowledged} pushes were acknowledged`);
    try {
      await this.#endAttack();
      for (const reader of this.#readers) reader.close();
      this.#grown.close();
      await this.#server.stop();
    } catch (error) {
      this.#problems.push(`at the end, ${errorMessage(error)}`);
    }
    const skipped = faults.flatMap((name) => {
      const fault = this.#faults.get(name);
      return typeof fault === 'string' ? [`${name}: ${fault}`] : [];
    });
    return {
      kind,
      rows: [...this.#rows.values()],
      skipped,
      notes: this.#notes,
      problems: this.#problems,
    };
  }

  /** @returns whether no fault kept the program from going on */
  async #rounds(wanted: readonly Fault[]): Promise<boolean> {
    const startMs = nowMs();
    const { seconds } = this.#options;
    // At least each fault once, whatever the time.
    for (let round = 0; round === 0 || nowMs() < startMs + seconds * 1000; round++) {
      for (const fault of wanted) {
        const isLate = nowMs() > startMs + seconds * 1000;
        // The last process has to live long enough for its memory to be judged.
        const isForMemory = nowMs() > startMs + seconds * 500;
        if (round > 0 && (isLate || (fault.endsServer && isForMemory))) continue;
        try {
          await this.#fault(fault);
        } catch (error) {
          // The server or its database may be gone, and what was pushed last is not verified.
          this.#problems.push(`${fault.name}: ${errorMessage(error)}; no fault followed it`);
          return false;
        }
        if (fault.endsServer) this.#memory.restart();
      }
    }
    return true;
  }

  /**
   * One fault: load before it, during it and after it; then everything is verified.
   *
   * @throws Error where it cannot begin or end, or the program does not recover from it
   */
  async #fault(fault: Fault): Promise<void> {
    this.#options.say(`${this.#options.kind}: ${fault.name}`);
    const row = this.#row(fault);
    const window = new Window(nowMs());
    const grown = new Window(nowMs());
    this.#server.takeLog();
    const cutBefore = fault.isCutting ? await this.#leftClients() : 0;
    let isOver = false;
    const conditions = { window, isOver: () => isOver, pauseMs: READER_PAUSE_MS, isCutting: fault.isCutting };
    const clients = Promise.all([
      ...this.#readers.map((reader) => reader.read(conditions)),
      this.#manage(window, () => isOver),
    ]);
    // One that fails is heard of where they are awaited.
    clients.catch(() => undefined);
    try {
      await delay(BEFORE_MS);
      await this.#happen(fault, window, grown);
      await delay(AFTER_MS);
    } finally {
      isOver = true;
      await clients;
    }
    this.#tally(row, window, grown);
    const deadlineMs = nowMs() + RECOVERY_MS;
    const recovery = new Window(nowMs());
    const stored = await pullAndList(this.#api, this.#readers, recovery, deadlineMs);
    const found = this.#history.check(window.events, recovery.events, stored);
    const grownFound = fault.isGrowing ? await this.#grown.check(deadlineMs) : NOTHING_GROWN;
    const stale = [...found.stale, ...grownFound.stale];
    const lost = [...found.lost, ...grownFound.lost];
    this.#tell(fault.name, 'stale', stale);
    this.#tell(fault.name, 'lost', lost);
    const mistakes = [...window.mistakes, ...grown.mistakes, ...recovery.mistakes, ...grownFound.mistakes];
    this.#tell(fault.name, 'wrong answers', mistakes);
    row.stale += stale.length;
    row.lost += lost.length;
    await this.#checkNames(fault, row, cutBefore);
  }

  /** The fault from its begin to its end. */
  async #happen(fault: Fault, window: Window, grown: Window): Promise<void> {
    let { isGrowing } = fault;
    await fault.begin();
    const growth = this.#grown.grow(grown, () => isGrowing);
    await delay(Math.max(this.#faultMs, fault.leastMs));
    const feltDeadlineMs = nowMs() + FELT_DEADLINE_MS;
    const failures = (): number => window.failures + grown.failures;
    while (fault.isFelt && failures() < FELT_FAILURES && nowMs() < feltDeadlineMs) await delay(100);
    if (fault.isFelt && failures() === 0) this.#note(`${fault.name}: no request failed`);
    isGrowing = false;
    await growth;
    await fault.end();
  }

  #tally(row: FaultTally, window: Window, grown: Window): void {
    const acknowledged = [...window.events, ...grown.events].filter(
      (event) => event.kind === 'push' && event.isAcknowledged,
    );
    this.#acknowledged += acknowledged.length;
    row.times += 1;
    row.requests += window.requests + grown.requests;
    row.unavailable += window.unavailable + grown.unavailable;
    row.unanswered += window.unanswered + grown.unanswered;
    row.longestPauseMs = Math.max(row.longestPauseMs, window.longestPauseMs(nowMs()));
    row.slowestMs = Math.max(row.slowestMs, window.slowestMs, grown.slowestMs);
  }

  async #checkNames(fault: Fault, row: FaultTally, cutBefore: number): Promise<void> {
    const { named } = fault;
    if (fault.isCutting) {
      if ((await this.#leftClients()) > cutBefore) row.named += 1;
      else this.#problems.push(`${fault.name}: /metrics has counted no client that left (status 499)`);
    }
    const deadlineMs = nowMs() + NAMED_MS;
    const log: string[] = [];
    for (;;) {
      log.push(...this.#server.takeLog());
      this.#isHostileNamed ||= log.some((line) => line.includes(HOSTILE_ADDRESS));
      if (named === undefined) return;
      // The lines of requests name no causes.
      if (log.some((line) => named.test(line) && !REQUEST_LINE.test(line))) {
        row.named += 1;
        return;
      }
      if (nowMs() > deadlineMs) break;
      await delay(500);
    }
    this.#problems.push(`${fault.name}: none of ${log.length} lines of the log matches ${named}`);
  }

  /** A person at the management API, who also scans the library. */
  async #manage(window: Window, isOver: () => boolean): Promise<void> {
    for (let turn = 0; !isOver(); turn++) {
      const path = MANAGED[turn % MANAGED.length] ?? '/me';
      const method = path === SCANS ? 'POST' : 'GET';
      const status = await this.#api.manage(method, path);
      if (!MANAGED_STATUSES.has(status)) window.mistakes.push(`${method} ${path} was answered ${status}`);
      await delay(MANAGED_PAUSE_MS);
    }
  }

  #leftClients(): Promise<number> {
    return this.#api.counter(/^dogear_http_requests_total\{.*status="499"/);
  }

  /** The faults after the last growth may have lost what was grown. */
  async #verifyGrownAtEnd(fault: Fault): Promise<void> {
    const { stale, lost, mistakes } = await this.#grown.check(nowMs() + RECOVERY_MS);
    this.#tell(fault.name, 'stale at the end', stale);
    this.#tell(fault.name, 'lost until the end', lost);
    this.#tell(fault.name, 'wrong answers at the end', mistakes);
    const row = this.#row(fault);
    row.stale += stale.length;
    row.lost += lost.length;
  }

  async #endAttack(): Promise<void> {
    const { opened, closed, answers, believed } = await this.#attacker.stop();
    const statuses = Object.entries(answers).map(([status, count]) => `${count} × ${status}`);
    this.#notes.push(
      `hostile clients: ${opened} connections, of which the server closed ${closed}; answers ${statuses.join(', ')}`,
    );
    if (believed > 0) {
      this.#problems.push(`hostile clients: ${believed} requests with doubtful framing were believed`);
    }
    if (!this.#isHostileNamed) {
      this.#problems.push(`hostile clients: no line of the log names their address ${HOSTILE_ADDRESS}`);
    }
  }

  #row(fault: Fault): FaultTally {
    const known = this.#rows.get(fault.name);
    if (known !== undefined) return known;
    const row: FaultTally = {
      name: fault.name,
      times: 0,
      requests: 0,
      unavailable: 0,
      unanswered: 0,
      longestPauseMs: 0,
      slowestMs: 0,
      lost: 0,
      stale: 0,
      named: 0,
      mustBeNamed: fault.named !== undefined || fault.isCutting,
    };
    this.#rows.set(fault.name, row);
    return row;
  }

  #tell(name: FaultName, what: string, sentences: readonly string[]): void {
    for (const sentence of sentences.slice(0, SHOWN_PROBLEMS)) {
      this.#problems.push(`${name}: ${what}: ${sentence}`);
    }
    const left = sentences.length - SHOWN_PROBLEMS;
    if (left > 0) this.#problems.push(`${name}: ${what}: ${left} more`);
  }

  #note(text: string): void {
    if (!this.#notes.includes(text)) this.#notes.push(text);
  }
}

/** Where the log of a database's server is kept. */
export function logFileOf(logFolder: string | undefined, kind: DatabaseKind): string | undefined {
  return logFolder === undefined ? undefined : join(logFolder, `soak-${kind}.log`);
}
