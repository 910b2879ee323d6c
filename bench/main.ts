import { mkdirSync } from 'node:fs';
import { errorMessage } from '../server/domain/error-text.js';
import { type BenchArguments, parseArguments, type SuiteName, USAGE } from './arguments.js';
import { createSqlite, type MysqlServer, startMysql } from './bench-databases.js';
import { checkBuilt, THIS_CHECKOUT } from './checkout.js';
import { exitOnSignals } from './child-process.js';
import { createRunFolder } from '../test/support/run-folder.js';
import { describeMachine } from './record/machine.js';
import { revisionOf, softwareVersions } from './record/revision.js';
import type { RunRecord } from './record/run-record.js';
import { summaryText } from './record/summary.js';
import { writeRecord } from './record/write-record.js';
import { type Findings, noFindings, type SuiteContext } from './suite.js';
import { hashSuite } from './suites/hash.js';
import { lateSuite } from './suites/late.js';
import { scanSuite } from './suites/scan.js';
import { microSuite } from './suites/micro.js';
import { syncSuite } from './suites/sync.js';
import { walkSuite } from './suites/walk.js';
import { judge } from './targets.js';

const RUN: Readonly<Record<SuiteName, (context: SuiteContext) => Promise<void>>> = {
  hash: hashSuite,
  walk: walkSuite,
  late: lateSuite,
  scan: scanSuite,
  sync: syncSuite,
  micro: microSuite,
};

async function main(): Promise<void> {
  let chosen: BenchArguments;
  try {
    chosen = parseArguments(process.argv.slice(2), THIS_CHECKOUT.root, process.env);
  } catch (error) {
    process.stderr.write(`${errorMessage(error)}\n\n${USAGE}`);
    process.exitCode = 2;
    return;
  }
  checkBuilt(THIS_CHECKOUT);
  mkdirSync(chosen.cacheFolder, { recursive: true });
  const work = await createRunFolder(chosen.cacheFolder);
  const workFolder = work.path;
  exitOnSignals();
  const startedAt = new Date();
  const startMs = performance.now();
  const machine = describeMachine({ 'libraries and SQLite': chosen.cacheFolder });
  const findings = noFindings();
  const server = new SharedServer(findings);
  try {
    for (const suite of chosen.suites) {
      log(`== ${suite}`);
      await RUN[suite]({
        checkout: THIS_CHECKOUT,
        quick: chosen.quick,
        cold: chosen.cold,
        cacheFolder: chosen.cacheFolder,
        workFolder,
        books: chosen.books,
        sqlite: () => createSqlite(workFolder),
        mysql: () => server.get(),
        findings,
        log,
      });
    }
  } finally {
    await server.close();
    await work.remove();
  }
  const record: RunRecord = {
    format: 1,
    startedAt: startedAt.toISOString(),
    seconds: Math.round((performance.now() - startMs) / 1000),
    command: ['npm run bench --', ...process.argv.slice(2)].join(' '),
    isQuick: chosen.quick,
    suites: chosen.suites,
    revision: revisionOf(THIS_CHECKOUT.root),
    machine,
    software: softwareVersions(THIS_CHECKOUT.root),
    targets: judge(findings.targets, chosen.suites),
    ratios: findings.ratios,
    series: findings.series,
    facts: findings.facts,
    notes: findings.notes,
  };
  const folder = writeRecord(chosen.runsFolder, record, findings.attachments);
  process.stdout.write(`${summaryText(record, []).split('\n## Machine')[0] ?? ''}\n`);
  process.stdout.write(`The record is in ${folder}\n`);
}

/** One MySQL server for all suites, started when the first suite asks for it. */
class SharedServer {
  readonly #findings: Findings;
  #started: Promise<MysqlServer | undefined> | undefined;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  get(): Promise<MysqlServer | undefined> {
    this.#started ??= this.#start();
    return this.#started;
  }

  async close(): Promise<void> {
    await (await this.#started)?.close();
  }

  async #start(): Promise<MysqlServer | undefined> {
    try {
      const server = await startMysql();
      this.#findings.facts['MySQL server'] = server.description;
      return server;
    } catch (error) {
      const reason = errorMessage(error);
      this.#findings.notes.push(`MySQL/MariaDB: not measured. ${reason}`);
      return undefined;
    }
  }
}

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}

await main();
