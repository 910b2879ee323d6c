import { chmod } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { packageManifest } from '../../support/package-manifest.js';
import { testBrowser } from '../../support/test-browser.js';
import { testConsole } from './test-console.js';
import { heading, visit } from './visit.js';

describe('the page about the server', () => {
  const browser = testBrowser();
  const server = testConsole({ settings: ['library.schedule=0 3 * * *', 'library.watch=true'] });

  it('says what the server runs on and what an operator should know', async () => {
    const { program, owner } = server();
    const { database } = await owner.call('GET', '/about');
    await chmod(String(database.url).replace(/^sqlite:/, ''), 0o644);
    const { page, context } = await visit(browser(), program.base, { as: owner });
    await page.getByRole('link', { name: 'About' }).click();
    await heading(page, 'About this server');
    // It is loaded when it is opened, and takes the focus then.
    expect(await page.evaluate('document.activeElement.tagName')).toBe('H1');
    await page.getByText(`Dogear ${packageManifest.version}`).waitFor();
    await page.getByText(`SQLite ${String(database.version)}`).waitFor();
    await page.getByText(/^at 0 3 \* \* \*, next .+; after something was touched$/).waitFor();
    const finding = page.getByRole('listitem').filter({ hasText: 'every user of this machine can read' });
    await finding.getByText('worth a look').waitFor();
    // The description of the API opens in a tab of its own.
    const opened = context.waitForEvent('page');
    await page.getByRole('link', { name: 'Description of the API' }).click();
    const description = await opened;
    await description.waitForLoadState();
    expect(description.url()).toBe(`${program.base}/api/v1/openapi.json`);
    await page.getByText('preact', { exact: false }).first().click();
    await page.getByText('Permission is hereby granted').first().waitFor();
  });

  it('tells others the version and the licences alone', async () => {
    const { program, owner } = server();
    const mia = await owner.addUser('mia', ['feature:koreader_sync']);
    const { page } = await visit(browser(), program.base, { as: mia, path: 'about' });
    await page.getByText(`Dogear ${packageManifest.version}`).waitFor();
    await page.getByText('@preact/signals').first().waitFor();
    expect(await page.getByText('What it runs on').count()).toBe(0);
  });
});
