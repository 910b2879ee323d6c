import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { bookFolder, md5 } from '../../support/book-folder.js';
import { testBrowser } from '../../support/test-browser.js';
import { KoreaderDevice } from './console-client.js';
import { testConsole } from './test-console.js';
import { heading, visit } from './visit.js';

function section(page: Page, name: string) {
  return page.getByRole('region', { name });
}

describe('the first page', () => {
  const browser = testBrowser();

  describe('of a new server', () => {
    const server = testConsole({ settings: ['sync.unknown_documents.api_key=store'] });

    it('says what to do first, until it is done', async () => {
      const { program, owner } = server();
      const { page } = await visit(browser(), program.base, { as: owner });
      await heading(page, /aaron/);
      const begin = section(page, 'Begin here');
      expect(await begin.getByRole('link', { name: 'Add a library' }).getAttribute('href')).toBe(
        '/ui/libraries?do=add',
      );
      // Somebody adds one elsewhere.
      const { path } = await bookFolder({ 'Emma.epub': 'Emma' });
      await owner.addLibrary('Novels', path);
      await begin.getByText('done').waitFor();
      await page.getByText('1 book in 1 library, 1 ready to sync').waitFor();
      await begin.getByRole('link', { name: 'Set up KOReader' }).click();
      await heading(page, 'Set up KOReader');
      await page.goBack();
      const kobo = new KoreaderDevice(await owner.addReader('Kobo'), 'Kobo');
      await kobo.push({ document: md5('Emma'), percentage: 0.25 });
      await section(page, 'Last read').getByRole('link', { name: 'Emma.epub' }).waitFor();
      expect(await begin.count()).toBe(0);
    });

    it('shows everybody what they may do, and no more', async () => {
      const { program, owner } = server();
      const reader = await owner.addUser('mia', ['feature:koreader_sync']);
      const hers = await visit(browser(), program.base, { as: reader });
      await section(hers.page, 'Begin here').getByRole('link', { name: 'Set up KOReader' }).waitFor();
      expect(await hers.page.getByRole('link', { name: 'Add a library' }).count()).toBe(0);
      expect(await section(hers.page, 'What needs a look').count()).toBe(0);
      // What others read is not hers to see.
      await section(hers.page, 'Last read').getByText('Nothing yet.').waitFor();
    });
  });

  describe('of a household', () => {
    const server = testConsole({ settings: ['sync.unknown_documents.api_key=store'] });

    it('shows who read what last, at once', async () => {
      const { program, owner } = server();
      const mia = await owner.addUser('mia', ['feature:koreader_sync', 'feature:api_keys']);
      const { path } = await bookFolder({ 'Emma.epub': 'Emma', 'Walden.epub': 'Walden' });
      await owner.addLibrary('Novels', path);
      const { page } = await visit(browser(), program.base, { as: owner });
      const last = section(page, 'Last read');
      await last.getByText('Nothing yet.').waitFor();
      const hers = new KoreaderDevice(await mia.addReader('Kindle'), 'Kindle');
      await hers.push({ document: md5('Emma'), percentage: 0.5 });
      await last.getByText('50% · mia · Kindle').waitFor();
      const own = new KoreaderDevice(await owner.addReader('Kobo'), 'Kobo');
      await own.push({ document: md5('Walden'), percentage: 0.125 });
      await last.getByText('12.5% · you · Kobo').waitFor();
      expect(await last.getByRole('listitem').first().textContent()).toContain('Walden.epub');
      await last.getByRole('link', { name: 'Emma.epub' }).click();
      await heading(page, 'Emma.epub');
      expect(page.url()).toContain('?user=');
    });

    it('asks once for what it shows, and again for what has changed', async () => {
      const { program, owner } = server();
      const { path: folder } = await bookFolder({ 'Mardi.epub': 'Mardi' });
      await owner.addLibrary('Melville', folder);
      const before = new KoreaderDevice(await owner.addReader('Boox'), 'Boox');
      await before.push({ document: md5('Mardi'), percentage: 0.25 });
      const { context, page, requests } = await visit(browser(), program.base, {
        as: owner,
        path: 'account',
      });
      // Lists wait 400 ms for their versions; on a busy machine those may come later.
      await context.addInitScript(
        'const after = setTimeout; globalThis.setTimeout = (work, ms = 0) => after(work, ms === 400 ? 60_000 : ms);',
      );
      await heading(page, 'Your account');
      const asked = (path: string) =>
        requests().filter((each) => each.startsWith(`GET /api/v1/${path}`)).length;
      await page.goto(`${program.base}/ui/`);
      const last = section(page, 'Last read');
      await last.getByRole('link', { name: 'Mardi.epub' }).waitFor();
      expect(asked('reading')).toBe(1);
      const name = `Kobo ${randomUUID().slice(0, 8)}`;
      const own = new KoreaderDevice(await owner.addReader(name), name);
      await own.push({ document: md5('Mardi'), percentage: 0.75 });
      await last.getByText(`75% · you · ${name}`).waitFor();
      expect(asked('reading')).toBeGreaterThan(1);
      expect(asked('overview')).toBe(1);
    });

    it('counts what others read in no library, and shows none of it', async () => {
      const { program, owner } = server();
      const lea = await owner.addUser('lea', ['feature:koreader_sync', 'feature:api_keys']);
      const hers = new KoreaderDevice(await lea.addReader('Tolino'), 'Tolino');
      await hers.push({ document: md5('a diary'), percentage: 0.5, metadata: { title: 'A diary' } });
      const { page } = await visit(browser(), program.base, { as: owner });
      const last = section(page, 'Last read');
      await last.getByText('1 document of others in no library that you may see.').waitFor();
      expect(await last.getByText('A diary').count()).toBe(0);
    });

    it('looks again every half minute: nothing says that the folder of a library has vanished', async () => {
      const { program, owner } = server();
      const { page, requests } = await visit(browser(), program.base, { as: owner, path: 'account' });
      await heading(page, 'Your account');
      await page.clock.install();
      await page.goto(`${program.base}/ui/`);
      await section(page, 'Last read').getByRole('link').first().waitFor();
      const asked = () => requests().filter((each) => each.startsWith('GET /api/v1/overview')).length;
      const before = asked();
      await page.clock.fastForward(29_000);
      await page.clock.fastForward(2000);
      await expect.poll(asked).toBeGreaterThan(before);
    });

    it('says what is wrong with a library and leads there', async () => {
      const { program, owner } = server();
      const { path } = await bookFolder({ 'Emma.epub': 'Emma', 'Gone.epub': 'Gone' });
      const id = await owner.addLibrary('Attic', path);
      const empty = await bookFolder({});
      await owner.call('POST', '/libraries', { name: 'Cellar', root: empty.path });
      await rm(join(path, 'Gone.epub'));
      await owner.scan(id);
      const { page } = await visit(browser(), program.base, { as: owner });
      const needs = section(page, 'What needs a look');
      await needs.getByText('Cellar: never scanned').waitFor();
      const missing = needs.getByRole('listitem').filter({ hasText: 'Attic: 1 book is missing' });
      await missing.getByRole('link', { name: 'Show them' }).click();
      await heading(page, 'Books');
      await page.getByText('Gone.epub').waitFor();
      expect(await page.getByText('Emma.epub').count()).toBe(0);
      await rename(path, `${path}-moved`);
      await owner.scan(id);
      await page.goBack();
      const failed = needs.getByRole('listitem').filter({ hasText: 'Attic: the last scan failed.' });
      await failed.getByRole('link', { name: 'To the scan' }).waitFor();
      await rename(`${path}-moved`, path);
    });

    it('shows a scan while it runs and for a moment afterwards', async () => {
      const { program, owner } = server();
      const { path } = await bookFolder({});
      const { id } = await owner.call('POST', '/libraries', { name: 'Comics', root: path });
      const { page } = await visit(browser(), program.base, { as: owner });
      await heading(page, /aaron/);
      await writeFile(join(path, 'Tintin.cbz'), 'Tintin');
      await owner.scan(Number(id));
      const scans = section(page, 'Scans');
      const mine = scans.getByRole('listitem').filter({ hasText: 'Comics' });
      await mine.getByText('Completed').waitFor();
      await mine.getByRole('link', { name: '1 found, 1 new' }).click();
      await page.waitForURL(/\/ui\/scans\/\d+$/);
    });
  });
});
