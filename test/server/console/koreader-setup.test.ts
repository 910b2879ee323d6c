import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { md5 } from '../../support/book-folder.js';
import { testBrowser } from '../../support/test-browser.js';
import { passwordKeyOf } from '../../../server/accounts/passwords/password-key.js';
import { sendAsKoreader } from '../../../server/probe/koreader-request.js';
import { KoreaderDevice } from './console-client.js';
import { testConsole } from './test-console.js';
import { heading, visit } from './visit.js';

/** Two seconds, of which the first may have begun. */
const SAME_READER_MS = 3000;
const STORE_ALL = 'sync.unknown_documents.api_key=store';

describe('the page that sets up KOReader', () => {
  const browser = testBrowser();
  const server = testConsole({ settings: [STORE_ALL] });

  it('waits for the reader, says when it has logged in, and names the device that pushed', async () => {
    const { program, owner } = server();
    const { page } = await visit(browser(), program.base, { as: owner, path: 'koreader' });
    // Another reader that pushes meanwhile is not the one that is waited for.
    const other = new KoreaderDevice(await owner.addReader('Other'), 'Old reader');
    const address = await makeKey(page, 'Kitchen');
    await page.getByRole('heading', { name: 'Waiting for your reader…' }).waitFor();
    await other.push({ document: md5('a'), percentage: 0.3 });
    // A push that is nearer to the first use of the key could be of either reader.
    await delay(SAME_READER_MS);
    await logIn(address);
    await page.getByRole('heading', { name: 'Your reader has logged in.' }).waitFor();
    await new KoreaderDevice(address, 'Kobo Clara').push({ document: md5('b'), percentage: 0.25 });
    await page.getByRole('heading', { name: 'Connected: Kobo Clara' }).waitFor();
    await page.getByText('It is at 25%').waitFor();
    const { items } = await owner.call('GET', '/api-keys');
    expect(items.at(-1)).toMatchObject({ name: 'Kitchen', permissions: ['feature:koreader_sync'] });
  });

  it("gives KOReader's own settings file with the address", async () => {
    const { program, owner } = server();
    const { page } = await visit(browser(), program.base, { as: owner, path: 'koreader' });
    const address = await makeKey(page, 'File');
    expect(address).toMatch(new RegExp(`^${program.base}/koreader/[a-z0-9]{24}$`));
    await page.getByText('Rather copy a file than type?').click();
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download kosync.lua' }).click();
    const file = await download;
    expect(file.suggestedFilename()).toBe('kosync.lua');
    expect(await readFile(await file.path(), 'utf8')).toBe(
      [
        "-- KOReader's settings of progress sync, written by Dogear",
        'return {',
        '    ["settings"] = {',
        '        ["auto_sync"] = false,',
        '        ["checksum_method"] = 0,',
        `        ["custom_server"] = "${address}",`,
        '        ["send_metadata"] = true,',
        '        ["sync_backward"] = 3,',
        '        ["sync_forward"] = 1,',
        '        ["userkey"] = "00000000000000000000000000000000",',
        '        ["username"] = "dogear",',
        '    },',
        '}',
        '',
      ].join('\n'),
    );
  });

  it('shows the whole address to somebody who types, and warns of one that leads nowhere else', async () => {
    const { program, owner } = server();
    const { page } = await visit(browser(), program.base, { as: owner, path: 'koreader' });
    const address = await makeKey(page, 'Typed');
    await page.getByText(address, { exact: true }).waitFor();
    await page.getByText('This address works on this computer only.').waitFor();
    for (const words of ['Progress sync', 'Custom sync server', 'Register / Login']) {
      await page.getByRole('img', { name: words }).waitFor();
    }
  });

  it('takes a key that somebody has, from those who may not make one', async () => {
    const { program, owner } = server();
    const reader = await owner.addUser('bela', ['feature:koreader_sync']);
    const { page } = await visit(browser(), program.base, { as: reader, path: 'koreader' });
    await page.getByText('You may not make keys yourself.').waitFor();
    await page.getByLabel('Key or address').fill('http://old.name/koreader/dogear_abc/');
    await page.getByRole('button', { name: 'Use this key' }).click();
    expect(await page.getByLabel('Address, to copy').inputValue()).toBe(
      `${program.base}/koreader/dogear_abc`,
    );
    await page.getByRole('button', { name: 'Use another key' }).click();
    await page.getByLabel('Key or address').waitFor();
  });

  it('takes a key that somebody has, from those who could make one', async () => {
    const { program, owner } = server();
    const { page } = await visit(browser(), program.base, { as: owner, path: 'koreader' });
    await page.getByRole('button', { name: 'I have a key already' }).click();
    await page.getByLabel('Key or address').fill('abcdefghjkmnpqrstuvwxyz2');
    await page.getByRole('button', { name: 'Use this key' }).click();
    expect(await page.getByLabel('Address, to copy').inputValue()).toBe(
      `${program.base}/koreader/abcdefghjkmnpqrstuvwxyz2`,
    );
  });
});

describe('the address of a server behind a proxy', () => {
  const browser = testBrowser();
  const server = testConsole({ settings: ['server.public_url=http://books.example.org:8080/sync/'] });

  it('is the public one', async () => {
    const { program, owner } = server();
    const { page } = await visit(browser(), program.base, { as: owner, path: 'koreader' });
    expect(await makeKey(page, 'Public')).toMatch(
      /^http:\/\/books\.example\.org:8080\/sync\/koreader\/\w{24}$/,
    );
    expect(await page.getByText('This address works on this computer only.').count()).toBe(0);
  });
});

describe('a server that does not sync with KOReader', () => {
  const browser = testBrowser();
  const server = testConsole({ settings: ['enable_koreader_sync=false'] });

  it('says so, with the setting', async () => {
    const { program, owner } = server();
    const { page } = await visit(browser(), program.base, { as: owner, path: 'koreader' });
    await page.getByText('the setting enable_koreader_sync is off').waitFor();
    expect(await page.getByRole('button', { name: 'Make a key' }).count()).toBe(0);
  });
});

/** @returns the whole address */
async function makeKey(page: Page, name: string): Promise<string> {
  await heading(page, 'Set up KOReader');
  await page.getByLabel('Name of the key').fill(name);
  await page.getByRole('button', { name: 'Make a key' }).click();
  return page.getByLabel('Address, to copy').inputValue();
}

async function logIn(address: string): Promise<void> {
  const credentials = { name: 'a', key: passwordKeyOf('a') };
  const { status } = await sendAsKoreader(new URL(`${address}/users/auth`), { method: 'GET', credentials });
  expect(status).toBe(200);
}
