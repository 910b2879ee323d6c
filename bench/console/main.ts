import { join } from 'node:path';
import { errorMessage } from '../../server/domain/error-text.js';
import { makeWorld } from '../../test/server/console/reading-world.js';
import { chromiumExecutable } from '../../test/support/chromium.js';
import { createRunFolder } from '../../test/support/run-folder.js';
import { createSqlite, startMysql } from '../bench-databases.js';
import { checkBuilt, THIS_CHECKOUT } from '../checkout.js';
import { exitOnSignals } from '../child-process.js';
import { formatNumber, markdownTable } from '../record/table.js';
import { BELIEVABLE_PLAN } from './believable-plan.js';
import { CONSOLE_USAGE, type ConsoleArguments, parseConsoleArguments } from './console-arguments.js';
import { startConsoleServer } from './console-server.js';
import { measureLatency } from './latency.js';
import { launchPoliteBrowser, type PoliteBrowser } from './open-consoles.js';
import { bundleSizes, measurePageLoad } from './page-loads.js';

async function main(): Promise<void> {
  let chosen: ConsoleArguments;
  try {
    chosen = parseConsoleArguments(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${errorMessage(error)}\n\n${CONSOLE_USAGE}`);
    process.exitCode = 2;
    return;
  }
  checkBuilt(THIS_CHECKOUT);
  exitOnSignals();
  const work = await createRunFolder();
  const browser = await launchPoliteBrowser(await chromiumExecutable());
  try {
    tellBundle();
    await tellPageLoads(browser, work.path, chosen.rounds);
    await tellLatency(browser, work.path, chosen);
  } finally {
    await browser.close();
    await work.remove();
  }
}

function tellBundle(): void {
  const sizes = bundleSizes();
  const total = {
    file: 'all',
    bytes: sizes.reduce((sum, { bytes }) => sum + bytes, 0),
    gzipBytes: sizes.reduce((sum, { gzipBytes }) => sum + gzipBytes, 0),
  };
  tell(
    ['file', 'bytes:', 'gzip:'],
    [...sizes, total].map(({ file, bytes, gzipBytes }) => [
      file,
      formatNumber(bytes),
      formatNumber(gzipBytes),
    ]),
  );
}

async function tellPageLoads({ browser }: PoliteBrowser, workFolder: string, rounds: number): Promise<void> {
  const database = createSqlite(workFolder);
  const { server, setUp } = await startConsoleServer(database.url, workFolder);
  try {
    const owner = await setUp();
    const pages = await makeWorld(owner, join(workFolder, 'books'), BELIEVABLE_PLAN);
    const rows: string[][] = [];
    for (const page of pages) {
      if (page.isSignedOut === true || page.press !== undefined) continue;
      const load = await measurePageLoad(browser, owner, page, rounds);
      rows.push([
        load.page,
        formatNumber(load.firstPaintMs),
        formatNumber(load.headingMs),
        String(load.requests),
        formatNumber(load.sentBytes / 1000),
      ]);
    }
    tell(['page, cold', 'first paint ms:', 'heading ms:', 'requests:', 'sent kB:'], rows);
  } finally {
    await server.stop();
  }
}

async function tellLatency(
  browser: PoliteBrowser,
  workFolder: string,
  chosen: ConsoleArguments,
): Promise<void> {
  const mysql = chosen.databases.includes('mysql') ? await startMysql() : undefined;
  const rows: string[][] = [];
  try {
    for (const kind of chosen.databases) {
      const database =
        kind === 'mysql' && mysql !== undefined ? await mysql.createDatabase() : createSqlite(workFolder);
      const log = (line: string): void => void process.stderr.write(`${kind}: ${line}\n`);
      for (const row of await measureLatency(database, workFolder, browser, chosen, log)) {
        rows.push([
          kind,
          row.mode,
          formatNumber(row.rate),
          formatNumber(row.withoutMs),
          formatNumber(row.withMs),
          formatNumber(row.ratio),
        ]);
      }
    }
  } finally {
    await mysql?.close();
  }
  const consoles = String(chosen.consoles);
  tell(['database', 'request', 'a second:', 'p99 ms:', `with ${consoles} consoles:`, 'ratio:'], rows);
}

function tell(columns: readonly string[], rows: readonly (readonly string[])[]): void {
  process.stdout.write(`${markdownTable(columns, rows)}\n\n`);
}

await main();
