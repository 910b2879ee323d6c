import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { bookFolder } from '../../support/book-folder.js';
import { SQLITE, type TestDatabase } from '../../support/databases.js';
import { repositoryRoot } from '../../support/repository-root.js';
import { sharedSetup } from '../../support/shared-setup.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { testBrowser } from '../../support/test-browser.js';
import type { ConsoleClient } from './console-client.js';
import { type ConsoleProgram, setUpOwner, startConsole } from './console-program.js';
import { heading, visit } from './visit.js';

/** So many files at so many milliseconds each: a scan that takes long enough to be watched and cancelled. */
const SLOW_FILES = 400;
const SLOW_FILE_MS = 20;

describe('the libraries of the console', () => {
  const browser = testBrowser();
  let database: TestDatabase;
  let program: ConsoleProgram;
  let owner: ConsoleClient;
  /** While this file exists, reading is slow. */
  let slowStorage: string;

  const setUp = async (): Promise<void> => {
    database = await SQLITE.create();
    slowStorage = join((await temporaryFolder()).path, 'milliseconds');
    program = await startConsole(database.url, {
      settings: ['engine.reads=system-calls', 'engine.jobs=1'],
      env: { SLOW_STORAGE: slowStorage },
      nodeArguments: ['--import', join(repositoryRoot, 'dist/test/server/console/slow-storage.js')],
    });
    owner = await setUpOwner(program);
  };

  sharedSetup(setUp, async () => {
    await program.close();
    await database.drop();
  });

  /** A library that was scanned. @returns the address of its page */
  async function library(name: string, files: Readonly<Record<string, string>>) {
    const folder = await bookFolder(files);
    const id = await owner.addLibrary(name, folder.path);
    return { folder, id, path: `libraries/${String(id)}` };
  }

  it('begin with none: one is added with a folder of the server, and scanned', async () => {
    const folder = await bookFolder({ 'inner/one.epub': 'one', 'two.epub': 'two' });
    const visitor = await visit(browser(), program.base, { as: owner, path: 'libraries' });
    const { page } = visitor;
    await page.getByText('No library yet.').waitFor();
    await page.getByRole('button', { name: 'Add a library' }).click();
    expect(new URL(page.url()).search).toBe('?do=add');
    const dialog = page.getByRole('dialog', { name: 'Add a library' });
    // From the top, when no folder is typed.
    const [, top = ''] = folder.path.split('/');
    await dialog.getByRole('button', { name: 'Choose a folder…' }).click();
    await dialog.getByText('In /', { exact: true }).waitFor();
    expect(await dialog.getByRole('button', { name: '↑ Up' }).count()).toBe(0);
    await dialog.getByRole('button', { name: top, exact: true }).click();
    await dialog.getByText(`In /${top}`, { exact: true }).waitFor();
    await dialog.getByRole('button', { name: '↑ Up' }).click();
    await dialog.getByText('In /', { exact: true }).waitFor();
    await dialog.getByRole('button', { name: 'Close the folders' }).click();
    await dialog.getByLabel('Folder on the server').fill(dirname(folder.path));
    await dialog.getByRole('button', { name: 'Choose a folder…' }).click();
    await dialog.getByRole('button', { name: basename(folder.path), exact: true }).click();
    // The name of the folder is proposed, and the picker goes on into the folder.
    await dialog.getByRole('button', { name: 'inner', exact: true }).waitFor();
    expect(await dialog.getByLabel('Name').inputValue()).toBe(basename(folder.path));
    await dialog.getByLabel('Name').fill('Novels');
    await dialog.getByLabel('File extensions').fill('.epub, !!');
    visitor.allow(/POST \S*\/libraries answered 422/);
    await dialog.getByRole('button', { name: 'Add', exact: true }).click();
    await dialog.getByRole('alert').getByText('is not a file extension').waitFor();
    await dialog.getByLabel('File extensions').fill('.EPUB');
    await dialog.getByRole('button', { name: 'Add', exact: true }).click();
    await heading(page, 'Novels');
    await page.getByText('files ending in epub').waitFor();
    await page.getByText('Not scanned yet.').waitFor();
    await page.getByRole('button', { name: 'Scan', exact: true }).click();
    await page.getByText('2 found, 2 new').waitFor();
    await page.getByRole('link', { name: /^2\s+books/ }).click();
    await page.getByRole('link', { name: 'one.epub' }).waitFor();
  });

  it('are scanned with a bar, and a scan is cancelled', async () => {
    const files = Array.from({ length: SLOW_FILES }, (_, number) => `${String(number)}.epub`);
    const folder = await bookFolder(Object.fromEntries(files.map((name) => [name, name])));
    const { id } = await owner.call('POST', '/libraries', { name: 'Slow', root: folder.path });
    writeFileSync(slowStorage, String(SLOW_FILE_MS));
    onTestFinished(() => rmSync(slowStorage));
    const { page, tab } = await visit(browser(), program.base, {
      as: owner,
      path: `libraries/${String(id)}`,
    });
    await page.getByRole('button', { name: 'Regenerate hashes' }).click();
    await page.getByRole('progressbar', { name: 'Scan of Slow' }).waitFor();
    await page.getByText(/files a second/).waitFor();
    // The button is gone; whoever uses the keyboard goes on from there.
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Scan');
    expect(await page.getByRole('button', { name: 'Regenerate hashes' }).count()).toBe(0);
    // The page of the scan shows the same, and its end.
    const [{ id: scanId }] = (await owner.call('GET', '/scans?limit=1')).items as [{ readonly id: number }];
    const watching = await tab(`scans/${String(scanId)}`);
    await watching.getByRole('progressbar', { name: 'Scan of Slow' }).waitFor();
    await page.getByRole('button', { name: 'Cancel the scan' }).click();
    await page.getByText('Cancelled', { exact: true }).waitFor();
    await watching.getByText('Cancelled', { exact: true }).waitFor();
    expect(await watching.getByRole('progressbar').count()).toBe(0);
    await page.getByRole('button', { name: 'Scan', exact: true }).waitFor();
    expect(await page.getByRole('progressbar', { name: 'Scan of Slow' }).count()).toBe(0);
  });

  it('show what the scans could not read, by reason', async () => {
    const { folder, id, path } = await library('Broken', { 'one.epub': 'one' });
    symlinkSync('a.epub', join(folder.path, 'b.epub'));
    symlinkSync('b.epub', join(folder.path, 'a.epub'));
    await owner.scan(id);
    const { page } = await visit(browser(), program.base, { as: owner, path });
    await page
      .getByRole('link', { name: /^Scan / })
      .first()
      .click();
    await heading(page, 'Scan of Broken');
    await page.getByText('a.epub', { exact: true }).waitFor();
    await page.getByRole('link', { name: 'Links in a circle: 2' }).click();
    expect(new URL(page.url()).search).toBe('?reason=link-loop');
    await page.getByText('b.epub').waitFor();
    await page.getByRole('navigation').getByRole('link', { name: 'Libraries' }).click();
    await heading(page, 'Libraries');
    const card = page.getByRole('listitem').filter({ hasText: 'Broken' });
    await card.getByText('2 files could not be read').waitFor();
    await card.getByRole('progressbar', { name: 'Ready to sync in Broken' }).waitFor();
  });

  it('that cannot be scanned say why', async () => {
    const { folder, path } = await library('Away', { 'one.epub': 'one' });
    folder.remove('.');
    const { page } = await visit(browser(), program.base, { as: owner, path });
    await page.getByRole('alert').getByText('The folder is not there.').waitFor();
    expect(await page.title()).toBe('Away · Dogear');
    await page.getByRole('button', { name: 'Scan', exact: true }).click();
    await page.getByText('Failed', { exact: true }).waitFor();
    await page
      .getByText(/is not there\. Is its disk mounted/)
      .first()
      .waitFor();
  });

  it('are changed by two people at once without undoing each other', async () => {
    const { path } = await library('Shared', { 'one.epub': 'one' });
    const first = await visit(browser(), program.base, { as: owner, path: `${path}?do=change` });
    const second = await visit(browser(), program.base, { as: owner, path: `${path}?do=change` });
    await first.page.getByLabel('Name').fill('Renamed');
    await second.page.getByLabel('File extensions').fill('epub');
    await first.page.getByRole('button', { name: 'Save' }).click();
    await heading(first.page, 'Renamed');
    await second.page.getByRole('button', { name: 'Save' }).click();
    await heading(second.page, 'Renamed');
    await first.page.getByText('files ending in epub').waitFor();
    await expect.poll(() => new URL(first.page.url()).search).toBe('');
  });

  it('say what their scans leave out, which is changed, and how much more could be left out', async () => {
    const files = { 'one.epub': 'one', '.trash/old.epub': 'old', 'drafts/two.epub': 'two' };
    const { path, id } = await library('Rules', files);
    const { page } = await visit(browser(), program.base, { as: owner, path });
    await page.getByText('hidden folders, recycle bins, snapshots, thumbnails').waitFor();
    await page.getByRole('button', { name: 'Change' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Leave out what is no library').uncheck();
    await dialog.getByLabel('Leave out as well').fill('/drafts/\n\n<b>*.tmp');
    await dialog.getByLabel('Follow links to folders').check();
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByText('/drafts/, <b>*.tmp', { exact: true }).waitFor();
    await page.getByText('followed', { exact: true }).waitFor();
    expect(await owner.call('GET', `/libraries/${String(id)}`)).toMatchObject({
      skip_system: false,
      ignore_patterns: ['/drafts/', '<b>*.tmp'],
      follow_links: true,
    });
    await owner.scan(id);
    await page.getByRole('button', { name: 'Change' }).click();
    await dialog.getByText('The last scan found 1 file there.').waitFor();
    await page.keyboard.press('Escape');
    const scans = page.getByRole('link', { name: /^Scan / });
    await expect.poll(() => scans.count()).toBe(2);
    await scans.first().click();
    await page.getByText('1 file in hidden folders').waitFor();
  });

  it('are restricted to readers, who are added and taken away', async () => {
    const bella = await owner.addUser('bella', ['feature:koreader_sync']);
    const { path } = await library('Private', { 'one.epub': 'one' });
    const { page } = await visit(browser(), program.base, { as: owner, path: `${path}?do=change` });
    await page.getByLabel('Only its readers may see it').check();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Nobody yet').waitFor();
    const hers = await visit(browser(), program.base, { as: bella, path });
    hers.allow(/\/libraries\/\d+ answered 404/);
    await hers.page.getByRole('alert').getByText('that you may see').waitFor();
    await page.getByLabel('Let another user see it').selectOption('bella');
    await page.getByRole('button', { name: 'Add the reader' }).click();
    await page.getByRole('button', { name: 'Remove bella' }).waitFor();
    // The page of the reader has heard of it.
    await heading(hers.page, 'Private');
    for (const name of ['Scan', 'Change', 'Remove']) {
      expect(await hers.page.getByRole('button', { name, exact: true }).count()).toBe(0);
    }
    await page.getByRole('button', { name: 'Remove bella' }).click();
    await page.getByText('Nobody yet').waitFor();
  });

  it('are removed after saying what goes and what stays', async () => {
    const { path, id } = await library('Old', { 'unique.epub': 'in no other library' });
    const visitor = await visit(browser(), program.base, { as: owner, path });
    const { page } = visitor;
    const other = await visitor.tab(path);
    await heading(other, 'Old');
    await page.getByRole('button', { name: 'Remove' }).click();
    const dialog = page.getByRole('dialog', { name: 'Remove Old?' });
    await dialog.getByText('its 1 book as Dogear knows them').waitFor();
    await dialog.getByText('every file, and everybody').waitFor();
    // The back button of the browser closes the dialog and nothing else.
    await page.goBack();
    await dialog.waitFor({ state: 'detached' });
    await heading(page, 'Old');
    await page.goForward();
    await dialog.waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await expect.poll(() => new URL(page.url()).search).toBe('');
    visitor.allow(new RegExp(`/(?:libraries/${String(id)}|scans)\\S* answered 404`));
    await page.getByRole('button', { name: 'Remove' }).click();
    await dialog.getByRole('button', { name: 'Remove' }).click();
    await heading(page, 'Libraries');
    await page.getByText('Removed Old. 2 digests of it find no book any more.').waitFor();
    // Whoever has it open learns that it is gone.
    await other.getByRole('alert').getByText('There is no library').waitFor();
    await other.getByRole('link', { name: 'All libraries' }).click();
    await heading(other, 'Libraries');
  });

  it('are handled with the keyboard alone', async () => {
    const { path, folder } = await library('Keys', { 'one.epub': 'one' });
    const { page } = await visit(browser(), program.base, { as: owner, path });
    await page.getByRole('button', { name: 'Change' }).press('Enter');
    await page.getByRole('dialog').waitFor();
    expect(await page.evaluate('document.activeElement.value')).toBe(folder.path);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await expect.poll(() => new URL(page.url()).search).toBe('');
    await expect.poll(() => page.evaluate('document.activeElement.textContent')).toBe('Change');
  });
});
