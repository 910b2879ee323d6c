import { describe, it } from 'vitest';
import { bookFolder } from '../../support/book-folder.js';
import { testBrowser } from '../../support/test-browser.js';
import { KoreaderDevice } from './console-client.js';
import { testConsole } from './test-console.js';
import { heading, visit } from './visit.js';

describe('two browsers that change the same thing', () => {
  const browser = testBrowser();
  const server = testConsole({ settings: ['sync.unknown_documents.api_key=store'] });

  it('see what the other one did: the later name of a device wins', async () => {
    const { program, owner } = server();
    await new KoreaderDevice(await owner.addReader('Kobo'), 'Kobo').push({
      document: 'b'.repeat(32),
      percentage: 0.5,
    });
    const one = await visit(browser(), program.base, { as: owner, path: 'devices' });
    const other = await visit(browser(), program.base, { as: owner, path: 'devices' });
    for (const { page } of [one, other]) await page.getByRole('button', { name: 'Rename Kobo' }).click();
    await one.page.getByLabel('Name', { exact: true }).fill('Kitchen');
    await one.page.getByRole('button', { name: 'Save' }).click();
    await one.page.getByRole('heading', { name: 'Kitchen' }).waitFor();
    // What the other one types is not lost when the list changes under it.
    await other.page.getByLabel('Name', { exact: true }).fill('Bedroom');
    await other.page.getByRole('button', { name: 'Save' }).click();
    for (const { page } of [one, other]) await page.getByRole('heading', { name: 'Bedroom' }).waitFor();
  });

  it('are told that a thing is gone, and led back', async () => {
    const { program, owner } = server();
    const { path } = await bookFolder({ 'one.epub': 'one' });
    const id = await owner.addLibrary('Short-lived', path);
    const one = await visit(browser(), program.base, { as: owner, path: `libraries/${String(id)}` });
    const other = await visit(browser(), program.base, { as: owner, path: `libraries/${String(id)}` });
    other.allow(/answered 404/);
    await heading(other.page, 'Short-lived');
    await one.page.getByRole('button', { name: 'Remove', exact: true }).click();
    await one.page
      .getByRole('dialog')
      .getByRole('button', { name: /^Remove/ })
      .click();
    await heading(one.page, 'Libraries');
    await other.page.getByRole('alert').waitFor();
    await other.page
      .getByRole('main')
      .getByRole('link', { name: /libraries/i })
      .first()
      .click();
    await heading(other.page, 'Libraries');
  });
});
