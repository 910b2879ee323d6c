import type { Page } from 'playwright-core';
import { afterEach, describe, expect, it } from 'vitest';
import { bookFolder, md5 } from '../../support/book-folder.js';
import { SQLITE, testDatabases } from '../../support/databases.js';
import { testBrowser } from '../../support/test-browser.js';
import { type ConsoleClient, KoreaderDevice } from './console-client.js';
import { type TestConsole, testConsole } from './test-console.js';
import { heading, visit } from './visit.js';

const READER = ['feature:koreader_sync', 'feature:api_keys'];
/** More than one page of the list. */
const MANY_DOCUMENTS = 60;

/** The list of the page. */
function documents(page: Page) {
  return page.getByRole('list', { name: 'Unmatched documents' }).getByRole('heading');
}

describe.each(testDatabases())('a document that is no book, on $name', (kind) => {
  const browser = testBrowser();
  const server = testConsole({}, kind);

  it('is shown with its likely book, linked to it, and from then on devices with either file meet', async () => {
    const { program, owner } = server();
    const { path } = await bookFolder({ 'Austen/Emma.epub': 'Emma', 'Melville/Typee.epub': 'Typee' });
    await owner.addLibrary('Novels', path);
    const address = await owner.addReader('Readers');
    const kobo = new KoreaderDevice(address, 'Kobo_nova', 'AB12');
    const phone = new KoreaderDevice(address, 'Pixel', 'CD34');
    const { page, go } = await visit(browser(), program.base, { as: owner });
    await heading(page, /aaron/);
    const needs = page.getByRole('region', { name: 'What needs a look' });
    await needs.getByText('Nothing: all is well.').waitFor();

    // The Kobo has another edition.
    const own = md5('Emma, bought elsewhere');
    const metadata = { filename: 'Emma.epub', title: 'Emma', authors: 'Jane Austen' };
    await kobo.pushInVain({ document: own, percentage: 0.25, metadata });
    await needs.getByText('1 document that your readers pushed is no book of a library.').waitFor();
    await needs.getByRole('link', { name: 'Show it' }).click();
    await heading(page, 'Unmatched documents');
    const item = page.getByRole('listitem').filter({ hasText: 'Jane Austen' });
    await item.getByText('25% on Kobo_nova').waitFor();
    await item.getByText('Emma.epub in Novels: its file has the same name').waitFor();
    await item.getByText(own).waitFor();
    await item.getByText('Why does it find no book?').click();
    await item.getByText('No library that the user may see has a book for it').waitFor();

    await item.getByRole('button', { name: 'Link to a book: Emma' }).click();
    const dialog = page.getByRole('dialog', { name: 'Which book is it?' });
    expect(await dialog.getByRole('radio', { name: /Emma\.epub/ }).isChecked()).toBe(true);
    await dialog.getByRole('button', { name: 'Link', exact: true }).click();
    await page.getByText('Readers that push it are in Emma.epub from now on.').waitFor();
    await page.getByText('None: every document').waitFor();

    expect(await phone.pull(md5('Emma'))).toMatchObject({ percentage: 0.25, device: 'Kobo_nova' });
    await phone.push({ document: md5('Emma'), percentage: 0.75 });
    expect(await kobo.pull(own)).toMatchObject({ percentage: 0.75, device: 'Pixel' });
    await go('');
    await needs.getByText('Nothing: all is well.').waitFor();
  });
});

describe('documents that are no books', () => {
  const browser = testBrowser();
  let mia: ConsoleClient;
  let kobo: KoreaderDevice;
  const addReader = async ({ owner }: TestConsole): Promise<void> => {
    const { path } = await bookFolder({ 'Austen/Emma.epub': 'Emma', 'Melville/Typee.epub': 'Typee' });
    await owner.addLibrary('Novels', path);
    mia = await owner.addUser('mia', READER);
    kobo = new KoreaderDevice(await mia.addReader('Kobo'), 'Kobo');
  };
  const server = testConsole({}, SQLITE, addReader);

  afterEach(async () => {
    for (;;) {
      const { items } = await mia.call('GET', '/unmatched?limit=200');
      if (items.length === 0) return;
      for (const { document } of items) await mia.call('DELETE', `/unmatched/${String(document)}`);
    }
  });

  it('appear as soon as a reader pushes them, each time they are pushed, until they are forgotten', async () => {
    const { program } = server();
    const { page } = await visit(browser(), program.base, { as: mia, path: 'unmatched' });
    await page.getByText('None: every document that your readers pushed has found its book.').waitFor();
    await kobo.pushInVain({ document: md5('a diary'), percentage: 0.5, metadata: { title: 'A <b>diary' } });
    await page.getByRole('heading', { name: 'A <b>diary' }).waitFor();
    await page.getByText('1 time since').waitFor();
    await kobo.pushInVain({ document: md5('a diary'), percentage: 0.75 });
    await page.getByText('2 times since').waitFor();
    await page.getByText('75% on Kobo').waitFor();
    await page.getByRole('button', { name: 'Forget A <b>diary' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Forget it' }).click();
    await page.getByText('None: every document').waitFor();
    await kobo.pushInVain({ document: md5('a diary'), percentage: 0.8 });
    await page.getByRole('heading', { name: md5('a diary') }).waitFor();
  });

  it('are linked to a book that is searched for, without a mouse, by readers for themselves', async () => {
    const { program, owner } = server();
    await kobo.pushInVain({ document: 'typee', percentage: 0.5, metadata: { title: 'Typee, Omoo, Mardi' } });
    const { page } = await visit(browser(), program.base, { as: mia, path: 'unmatched' });
    await page.getByRole('button', { name: 'Link to a book: Typee, Omoo, Mardi' }).press('Enter');
    const dialog = page.getByRole('dialog');
    // What the reader called it is searched for at once.
    await dialog.getByText('No book is like this.').waitFor();
    await page.keyboard.press('Enter');
    await dialog.getByRole('alert').getByText('Choose a book first.').waitFor();
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type('melville');
    const typee = dialog.getByRole('radio', { name: /Typee\.epub/ });
    await typee.waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    expect(await typee.isChecked()).toBe(true);
    // Only whoever manages libraries links for others.
    expect(await dialog.getByRole('checkbox').count()).toBe(0);
    await page.keyboard.press('Enter');
    await page.getByText('None: every document').waitFor();
    expect(await kobo.pull(md5('Typee'))).toMatchObject({ percentage: 0.5 });
    const other = new KoreaderDevice(await owner.addReader('Phone'), 'Phone');
    await other.pushInVain({ document: 'typee', percentage: 0.1 });
  });

  it('are linked for everybody by whoever manages libraries', async () => {
    const { program, owner } = server();
    const document = md5('Emma of a shop');
    const own = new KoreaderDevice(await owner.addReader('Tablet'), 'Tablet');
    await own.pushInVain({ document, percentage: 0.4, metadata: { title: 'Emma' } });
    await kobo.pushInVain({ document, percentage: 0.3, metadata: { title: 'Emma' } });
    const { page } = await visit(browser(), program.base, { as: owner, path: 'unmatched' });
    await page.getByRole('button', { name: 'Link to a book: Emma' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('radio', { name: /Emma\.epub/ }).waitFor();
    await dialog.getByLabel('For everybody').check();
    await dialog.getByRole('button', { name: 'Link', exact: true }).click();
    await page.getByText('from now on').waitFor();
    expect(await kobo.pull(md5('Emma'))).toMatchObject({ percentage: 0.3 });
  });

  it('of others are a number and nothing else', async () => {
    const { program, owner } = server();
    await kobo.pushInVain({ document: md5('secret'), percentage: 0.5, metadata: { title: 'My secret' } });
    const { page } = await visit(browser(), program.base, { as: owner, path: 'unmatched' });
    await page.getByText('1 more document of other users').waitFor();
    expect(await page.getByText('My secret').count()).toBe(0);
    const hers = await visit(browser(), program.base, { as: mia, path: 'unmatched' });
    await hers.page.getByRole('heading', { name: 'My secret' }).waitFor();
    expect(await hers.page.getByText('of other users').count()).toBe(0);
  });

  it('say why they were not linked', async () => {
    const { program } = server();
    const document = md5('Emma of a friend');
    await kobo.pushInVain({ document, percentage: 0.5, metadata: { filename: 'Emma.epub' } });
    const visitor = await visit(browser(), program.base, { as: mia, path: 'unmatched' });
    const { page } = visitor;
    await page.getByRole('button', { name: 'Link to a book: Emma.epub' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('radio').waitFor();
    const { items } = await mia.call('GET', '/books?q=typee');
    await mia.call('POST', `/books/${String(items[0].id)}/documents`, { document });
    visitor.allow(/\/documents answered 409/);
    await dialog.getByRole('button', { name: 'Link', exact: true }).click();
    await dialog.getByRole('alert').getByText('The document is linked to another book.').waitFor();
    await mia.call('DELETE', `/books/${String(items[0].id)}/documents/${document}`);
  });

  it('are listed in pages when they are many', async () => {
    const { program } = server();
    for (let number = 0; number < MANY_DOCUMENTS; number += 1) {
      await kobo.pushInVain({ document: `document ${String(number)}`, percentage: 0.5 });
    }
    const { page } = await visit(browser(), program.base, { as: mia, path: 'unmatched' });
    await expect.poll(() => documents(page).count()).toBe(50);
    await page.getByRole('button', { name: 'Show more' }).click();
    await expect.poll(() => documents(page).count()).toBe(MANY_DOCUMENTS);
  });

  it('are nothing for users who do not sync', async () => {
    const { program, owner } = server();
    const scanner = await owner.addUser('scanner', ['library:scan']);
    const { page, requests } = await visit(browser(), program.base, { as: scanner });
    await heading(page, /scanner/);
    await page.getByRole('region', { name: 'What needs a look' }).waitFor();
    expect(await page.getByRole('link', { name: 'Unmatched' }).count()).toBe(0);
    expect(requests().filter((each) => each.includes('/unmatched'))).toEqual([]);
  });
});
