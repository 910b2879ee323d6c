import { mkdirSync } from 'node:fs';
import { errorMessage } from '../server/domain/error-text.js';
import { type BenchArguments, parseArguments, type SuiteName, USAGE } from './arguments.js';
import { createSqlite, type MysqlServer, startMysql } from './bench-databases.js';
import { checkBuilt, THIS_CHECKOUT } from './checkout.js';
import { exitOnSignals } from './child-process.js';
import { createRunFolder } from '../test/support/run-folder.js';
import { describeMachine } from './record/machine.js';
import { revisionOf, softwareVersions } from './record/revision.js';
import { continuedRecord, withSuite } from './record/continued-record.js';
import { readRecord, type RunRecord } from './record/run-record.js';
import { summaryText } from './record/summary.js';
import { newRecordFolder, writeRecord } from './record/write-record.js';
import { checkIsOwn } from './sync/against-server.js';
import { type Findings, noFindings, type SuiteContext } from './suite.js';
import { hashSuite } from './suites/hash.js';
import { largeSuite } from './suites/large.js';
import { lateSuite } from './suites/late.js';
import { scaleSuite } from './suites/scale.js';
import { scanSuite } from './suites/scan.js';
import { microSuite } from './suites/micro.js';
import { serveSuite } from './suites/serve.js';
import { startSuite } from './suites/start.js';
import { syncSuite } from './suites/sync.js';
import { walkSuite } from './suites/walk.js';

const RUN: Readonly<Record<SuiteName, (context: SuiteContext) => Promise<void>>> = {
  hash: hashSuite,
  walk: walkSuite,
  late: lateSuite,
  scan: scanSuite,
  large: largeSuite,
  start: startSuite,
  serve: serveSuite,
  scale: scaleSuite,
  sync: syncSuite,
  micro: microSuite,
};

async function main(): Promise<void> {
  let chosen: BenchArguments;
  try {
    chosen = parseArguments(process.argv.slice(2), THIS_CHECKOUT.root, process.env);
    if (chosen.against !== undefined) await checkIsOwn(chosen.against.server);
  } catch (error) {
    process.stderr.write(`${errorMessage(error)}\n\n${USAGE}`);
    process.exitCode = 2;
    return;
  }
  checkBuilt(THIS_CHECKOUT);
  mkdirSync(chosen.cacheFolder, { recursive: true });
  const begun = beginRecord(chosen);
  if (begun === undefined) return;
  const { folder } = begun;
  let { record } = begun;
  const work = await createRunFolder(chosen.cacheFolder);
  const workFolder = work.path;
  exitOnSignals();
  const server = new SharedServer();
  const isDone = new Set(record.suites.filter((suite) => !chosen.namedSuites.includes(suite)));
  try {
    for (const suite of chosen.suites) {
      if (isDone.has(suite)) {
        log(`== ${suite}: in the record`);
        continue;
      }
      log(`== ${suite}`);
      const startMs = performance.now();
      const findings = noFindings();
      await RUN[suite]({
        checkout: THIS_CHECKOUT,
        quick: chosen.quick,
        cold: chosen.cold,
        cacheFolder: chosen.cacheFolder,
        workFolder,
        books: chosen.books,
        against: chosen.against,
        sqlite: () => createSqlite(workFolder),
        mysql: () => server.get(findings),
        findings,
        log,
      });
      const seconds = Math.round((performance.now() - startMs) / 1000);
      log(`   ${suite} took ${seconds} s`);
      record = { ...withSuite(record, suite, findings), seconds: record.seconds + seconds };
      // After each suite, so that a run that ends early loses one suite.
      writeRecord(folder, record, findings.attachments);
    }
  } finally {
    await server.close();
    await work.remove();
  }
  process.stdout.write(`${summaryText(record, []).split('\n## Machine')[0] ?? ''}\n`);
  process.stdout.write(`The record is in ${folder}\n`);
}

/** The record that this run makes or goes on with; `undefined`, with exit code 2, when it may not go on with it. */
function beginRecord(
  chosen: BenchArguments,
): { readonly record: RunRecord; readonly folder: string } | undefined {
  const startedAt = new Date().toISOString();
  const fresh: RunRecord = {
    format: 1,
    startedAt,
    seconds: 0,
    command: ['npm run bench --', ...process.argv.slice(2)].join(' '),
    isQuick: chosen.quick,
    suites: [],
    revision: revisionOf(THIS_CHECKOUT.root),
    machine: describeMachine({ 'libraries and SQLite': chosen.cacheFolder }),
    software: softwareVersions(THIS_CHECKOUT.root),
    targets: [],
    ratios: [],
    series: [],
    facts: {},
    notes: [],
  };
  const folder = chosen.recordFolder ?? newRecordFolder(chosen.runsFolder, startedAt);
  try {
    const found = readRecord(folder);
    return { folder, record: found === undefined ? fresh : continuedRecord(found, fresh) };
  } catch (error) {
    process.stderr.write(`${folder}: ${errorMessage(error)}\n`);
    process.exitCode = 2;
    return undefined;
  }
}

/** One MySQL server for all suites, started when the first suite asks for it. */
class SharedServer {
  #started: Promise<MysqlServer | string> | undefined;

  async get(findings: Findings): Promise<MysqlServer | undefined> {
    this.#started ??= startMysql().catch(errorMessage);
    const started = await this.#started;
    if (typeof started === 'string') {
      findings.notes.push(`MySQL/MariaDB: not measured. ${started}`);
      return undefined;
    }
    findings.facts['MySQL server'] = started.description;
    return started;
  }

  async close(): Promise<void> {
    const started = await this.#started;
    if (typeof started === 'object') await started.close();
  }
}

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}

await main();
