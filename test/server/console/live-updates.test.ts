import { createConnection } from 'mysql2/promise';
import { describe, expect, it, onTestFinished } from 'vitest';
import { md5 } from '../../support/book-folder.js';
import { startPrivateMysql } from '../../support/private-mysql.js';
import { sharedSetup } from '../../support/shared-setup.js';
import { testBrowser } from '../../support/test-browser.js';
import { ConsoleClient, KoreaderDevice } from './console-client.js';
import { OWNER, setUpOwner, startConsole } from './console-program.js';
import { countStreams } from './counted-streams.js';
import { cutAnswer } from './cut-answer.js';
import { testConsole } from './test-console.js';
import { heading, visit } from './visit.js';
import { countWorkerObjects } from './worker-objects.js';

const STORE_ALL = 'sync.unknown_documents.api_key=store';
const TABS = 10;
/** The longest pause between two reloads, and how often it passes in the flood of pushes. */
const RELOAD_EVERY_MS = 2000;
const FLOOD_MS = 3 * RELOAD_EVERY_MS;
/** While the server is away, or the database is. */
const AWAY = /ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_EMPTY_RESPONSE|answered 50[0-9]/;

describe('live updates', () => {
  const browser = testBrowser();
  const server = testConsole({ settings: [STORE_ALL] });

  it('leave nothing of tabs that are closed or reloaded in the worker that all share', async () => {
    const { program, owner } = server();
    const { page, tab } = await visit(browser(), program.base, { as: owner });
    await heading(page, /aaron/);
    const ports = () => countWorkerObjects(browser(), program.base, 'MessagePort');
    await expect.poll(ports).toBe(1);
    const others = [await tab('reading'), await tab('devices')];
    for (const other of others) await other.getByRole('heading', { level: 1 }).waitFor();
    await expect.poll(ports).toBe(3);
    await page.reload();
    await heading(page, /aaron/);
    for (const other of others) await other.close();
    await expect.poll(ports).toBe(1);
    // The tab that is left still hears what happens.
    await new KoreaderDevice(await owner.addReader('Kobo 3'), 'Kobo').push({
      document: md5('Mardi'),
      percentage: 0.5,
    });
    await page.getByText(md5('Mardi')).waitFor();
  });

  it.each([
    ['a shared worker', ''],
    ['an elected tab, where there is no shared worker', 'delete globalThis.SharedWorker'],
  ])('reach ten tabs over one event stream, by %s', async (_, script) => {
    const { program, owner } = server();
    const streams = await countStreams(program.base);
    const client = await ConsoleClient.signIn(streams.base, OWNER);
    const { context, page, tab } = await visit(browser(), streams.base, { as: client });
    if (script !== '') {
      await context.addInitScript(script);
      await page.reload();
    }
    await heading(page, /aaron/);
    const tabs = [page];
    while (tabs.length < TABS) tabs.push(await tab('reading'));
    const last = tabs.at(-1);
    if (last === undefined) throw new Error('no tab');
    await expect.poll(() => streams.open(), { timeout: 10_000 }).toBe(1);
    const document = md5(`read with ${script}`);
    await new KoreaderDevice(await owner.addReader('Kobo'), 'Kobo').push({ document, percentage: 0.5 });
    for (const each of tabs.slice(1)) await each.getByText(document).waitFor();
    expect(streams.most()).toBe(1);

    // The tab that holds the stream, if one does, may be any: when half of them are gone it goes on.
    for (const each of tabs.slice(0, TABS / 2)) await each.close();
    const next = md5(`read later with ${script}`);
    await new KoreaderDevice(await owner.addReader('Kobo 2'), 'Kobo').push({
      document: next,
      percentage: 0.5,
    });
    await last.getByText(next).waitFor();
    // The next tab may open its stream a moment before the browser has closed that of a tab that is gone.
    await expect.poll(() => streams.open(), { timeout: 10_000 }).toBe(1);
    // Not one for each tab that is left.
    expect(streams.most()).toBeLessThan(TABS / 2);
  });

  it('come back by themselves after the server was away, and say so meanwhile', async () => {
    const { program, owner } = server();
    const { page, allow } = await visit(browser(), program.base, { as: owner, path: 'reading' });
    allow(AWAY);
    await heading(page, 'Reading');
    const kobo = new KoreaderDevice(await owner.addReader('Kobo 3'), 'Kobo');
    await program.stop();
    await page.getByText('Dogear does not answer at the moment.').waitFor();
    await program.start();
    await page.getByText('Dogear does not answer at the moment.').waitFor({ state: 'detached' });
    const document = md5('read after the restart');
    await kobo.push({ document, percentage: 0.5 });
    await page.getByText(document).waitFor();
  });
});

let documents = 0;

function newDocument(): string {
  documents += 1;
  return md5(`document ${String(documents)}`);
}

describe('a list', () => {
  const browser = testBrowser();
  const server = testConsole({ settings: [STORE_ALL] });

  it('is loaded again when its answer was cut', async () => {
    const { program } = server();
    const { base, answerAgain } = await cutAnswer(program.base, '/api/v1/devices');
    const client = await ConsoleClient.signIn(base, OWNER);
    const { page, allow } = await visit(browser(), base, { as: client, path: 'devices' });
    allow(/ERR_CONTENT_LENGTH_MISMATCH/);
    await page.getByText('Dogear does not answer.').waitFor();
    answerAgain();
    await page.getByText('No reader has synced yet').waitFor();
  });

  it('is loaded at most every two seconds while pushes keep coming, and in the end shows the last', async () => {
    const { program, owner } = server();
    const kobo = new KoreaderDevice(await owner.addReader('Kobo'), 'Kobo');
    let last = newDocument();
    await kobo.push({ document: last, percentage: 0.5 });
    const { page, requests } = await visit(browser(), program.base, { as: owner, path: 'reading' });
    await page.getByText(last).waitFor();
    const loads = () => requests().filter((each) => each.startsWith('GET /api/v1/progress?')).length;
    const before = loads();
    const begunMs = performance.now();
    while (performance.now() - begunMs < FLOOD_MS) {
      last = newDocument();
      await kobo.push({ document: last, percentage: 0.5 });
    }
    const most = 2 + (performance.now() - begunMs) / RELOAD_EVERY_MS;
    expect(loads() - before).toBeLessThanOrEqual(most);
    await page.getByText(last).waitFor();
  });

  it('is not loaded again in a tab that nobody looks at, until it is shown', async () => {
    const { program, owner } = server();
    const kobo = new KoreaderDevice(await owner.addReader('Kobo 2'), 'Kobo');
    const first = newDocument();
    await kobo.push({ document: first, percentage: 0.5 });
    const { page, tab } = await visit(browser(), program.base, { as: owner, path: 'reading' });
    const shown = await tab('reading');
    await page.getByText(first).waitFor();
    const hide = (hidden: boolean) =>
      page.evaluate(
        `Object.defineProperty(document, 'hidden', { configurable: true, value: ${String(hidden)} });
        document.dispatchEvent(new Event('visibilitychange'))`,
      );
    await hide(true);
    const document = newDocument();
    await kobo.push({ document, percentage: 0.5 });
    await shown.getByText(document).waitFor();
    expect(await page.getByText(document).count()).toBe(0);
    await hide(false);
    await page.getByText(document).waitFor();
  });
});

describe('a database that goes away while a page is open', () => {
  const browser = testBrowser();
  const server = sharedSetup(
    async () => {
      const mysql = await startPrivateMysql();
      const connection = await createConnection({ uri: mysql.url });
      await connection.query('CREATE DATABASE away');
      await connection.end();
      return mysql;
    },
    (mysql) => mysql.remove(),
  );

  it('is told on the page, and when it comes back the page goes on', async () => {
    const mysql = server();
    const program = await startConsole(`${mysql.url}/away`, {
      settings: [STORE_ALL],
    });
    onTestFinished(() => program.close());
    const owner = await setUpOwner(program);
    const kobo = new KoreaderDevice(await owner.addReader('Kobo'), 'Kobo');
    const { page, allow } = await visit(browser(), program.base, { as: owner, path: 'reading' });
    allow(AWAY);
    await page.getByText('Nothing read yet').waitFor();
    await mysql.stop();
    const devices = page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Devices' });
    await devices.click();
    await page.getByRole('alert').waitFor();
    // Still signed in: that the session cannot be looked up does not end it.
    await heading(page, 'Devices');
    await mysql.start();
    await page.getByText('No reader has synced yet').waitFor();
    await kobo.push({ document: md5('read after the outage'), percentage: 0.5 });
    await page.getByRole('heading', { name: 'Kobo' }).waitFor();
  });
});
