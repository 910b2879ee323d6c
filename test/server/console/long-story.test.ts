import { writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { bookFolder, md5 } from '../../support/book-folder.js';
import { testDatabases } from '../../support/databases.js';
import { repositoryRoot } from '../../support/repository-root.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { testBrowser } from '../../support/test-browser.js';
import { KoreaderDevice } from './console-client.js';
import { OWNER, startConsole } from './console-program.js';
import { heading, visit } from './visit.js';

/** So many files at so many milliseconds take long enough to see the bar move. */
const SECOND_FOLDER_FILES = 400;
const SLOW_FILE_MS = '10';

describe.each(testDatabases())('the console on $name', ({ create }) => {
  const browser = testBrowser();

  it('leads from the first start to a synced reader, and on to a second library', async () => {
    const first = await bookFolder({ 'Moby-Dick.epub': 'Call me Ishmael.', 'Walden.epub': 'Economy' });
    const names = Array.from({ length: SECOND_FOLDER_FILES }, (_, number) => `comic ${String(number)}.cbz`);
    const second = await bookFolder(Object.fromEntries(names.map((name) => [name, name])));
    const slow = join((await temporaryFolder()).path, 'slow');
    const database = await create();
    const program = await startConsole(database.url, {
      command: ['up', first.path],
      settings: ['engine.reads=system-calls', 'engine.jobs=1'],
      env: { SLOW_STORAGE: slow },
      nodeArguments: ['--import', join(repositoryRoot, 'dist/test/server/console/slow-storage.js')],
    });
    onTestFinished(async () => {
      await program.close();
      await database.drop();
    });

    // The owner.
    const path = (await program.run('console')).trim().split('/ui/')[1] ?? '';
    const { page, tab } = await visit(browser(), program.base, { path });
    await page.getByLabel('Name').fill(OWNER.name);
    await page.getByLabel('Password', { exact: true }).fill(OWNER.password);
    await page.getByRole('button', { name: 'Make this server mine' }).click();
    await heading(page, /aaron/);

    // A key for the reader, and its address.
    await menu(page, 'API keys');
    await page.getByRole('button', { name: 'Make a key' }).click();
    await page.getByRole('dialog').getByLabel('Name').fill('Kobo');
    await page.getByRole('button', { name: 'Make the key' }).click();
    const address = await page.getByLabel(/Custom sync server/).inputValue();
    expect(address).toMatch(/\/koreader\/[a-z0-9]{24}$/);

    // A reader pushes, and the page that is open already shows it.
    const reading = await tab('reading');
    await heading(reading, 'Reading');
    await reading.getByText('Nothing read yet').waitFor();
    const document = md5('Call me Ishmael.');
    const kobo = new KoreaderDevice(address, 'Kobo_nova', 'AB12');
    const phone = new KoreaderDevice(address, 'Pixel', 'CD34');
    await kobo.push({ document, percentage: 0.25 });
    await reading.getByRole('link', { name: 'Moby-Dick.epub', exact: true }).waitFor();
    await reading.getByText('25%').waitFor();
    await phone.push({ document, percentage: 0.91 });
    await reading.getByText('91%').waitFor();
    expect(await kobo.pull(document)).toMatchObject({ percentage: 0.91, device: 'Pixel' });

    // A friendly name.
    await menu(page, 'Devices');
    await page.getByRole('button', { name: 'Rename Kobo_nova' }).click();
    await page.getByLabel('Name', { exact: true }).fill("Aaron's Kobo Clara");
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { name: "Aaron's Kobo Clara" }).waitFor();

    // The wrong place is deleted, and readers get the other one.
    await reading.getByRole('link', { name: 'Moby-Dick.epub', exact: true }).click();
    await heading(reading, 'Moby-Dick.epub');
    await reading.getByRole('heading', { name: "Aaron's Kobo Clara" }).waitFor();
    await reading.getByRole('button', { name: 'Delete the place of Pixel' }).click();
    await reading.getByRole('dialog').getByRole('button', { name: 'Delete the place' }).click();
    await reading.getByRole('heading', { name: 'Pixel', exact: true }).waitFor({ state: 'detached' });
    expect(await kobo.pull(document)).toMatchObject({ percentage: 0.25, device: 'Kobo_nova' });

    // A second folder, chosen from the folders of the server.
    await menu(page, 'Libraries');
    await page.getByRole('button', { name: 'Add a library' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Folder on the server').fill(dirname(second.path));
    await dialog.getByRole('button', { name: 'Choose a folder…' }).click();
    await dialog.getByRole('button', { name: basename(second.path), exact: true }).click();
    await expect.poll(() => dialog.getByLabel('Folder on the server').inputValue()).toBe(second.path);
    await dialog.getByLabel('Name').fill('Comics');
    await dialog.getByRole('button', { name: 'Add', exact: true }).click();
    await heading(page, 'Comics');

    // The first scan finds the files; the second one hashes all of them again, and its bar moves.
    await page.getByRole('button', { name: 'Scan', exact: true }).click();
    const finished = page.getByRole('listitem').filter({ hasText: 'completed' });
    await finished.first().waitFor();
    await page.getByRole('link', { name: `${String(SECOND_FOLDER_FILES)} ready to sync` }).waitFor();
    writeFileSync(slow, SLOW_FILE_MS);
    await page.getByRole('button', { name: 'Regenerate hashes' }).click();
    const bar = page.getByRole('progressbar', { name: 'Scan of Comics' });
    await bar.waitFor();
    const values = new Set<number>();
    while ((await bar.count()) > 0) {
      const value = await bar
        .evaluate((element) => Number(element.getAttribute('value')), undefined, {
          timeout: 1000,
        })
        .catch(() => 0);
      if (value > 0 && value < 1) values.add(value);
      await page.waitForTimeout(50);
    }
    expect(values.size).toBeGreaterThan(1);
    expect([...values]).toEqual([...values].toSorted((a, b) => a - b));
    await page.getByRole('link', { name: /^Hashes regenerated/ }).waitFor();
  });
});

async function menu(page: Page, name: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name, exact: true }).click();
  await heading(page, name);
}
