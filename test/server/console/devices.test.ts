import type { Locator } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { md5 } from '../../support/book-folder.js';
import { testBrowser } from '../../support/test-browser.js';
import { KoreaderDevice } from './console-client.js';
import { testConsole } from './test-console.js';
import { visit } from './visit.js';

describe('the page of devices', () => {
  const browser = testBrowser();
  const server = testConsole({ settings: ['sync.unknown_documents.api_key=store'] });

  it('names a device with the keyboard alone, and gives it its own name back', async () => {
    const { program, owner } = server();
    const address = await owner.addReader('One');
    await new KoreaderDevice(address, 'Kobo_nova').push({ document: md5('a'), percentage: 0.5 });
    const { page } = await visit(browser(), program.base, { as: owner, path: 'devices' });
    const rename = page.getByRole('button', { name: 'Rename Kobo_nova' });
    // The field is in the page a moment before it has the focus.
    const typeName = async (button: Locator, name: string): Promise<void> => {
      await button.press('Enter');
      await page.locator('input:focus').waitFor();
      await page.keyboard.insertText(name);
    };
    await typeName(rename, 'Kitchen');
    await page.keyboard.press('Escape');
    await expect.poll(() => rename.evaluate((element) => element.matches(':focus'))).toBe(true);
    await typeName(rename, " Aaron's Kobo ");
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: "Aaron's Kobo", exact: true }).waitFor();
    const card = page.getByRole('article').filter({ hasText: "Aaron's Kobo" });
    await card.getByText('Kobo_nova').waitFor();
    await page.getByRole('button', { name: "Rename Aaron's Kobo" }).press('Enter');
    await page.getByLabel('Name').fill('');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { name: 'Kobo_nova' }).waitFor();
    // Typed, because a longest length of the field does not cut what a script sets.
    await typeName(rename, '📚'.repeat(64));
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: '📚'.repeat(64), exact: true }).waitFor();
  });

  it('says what a device reads, at once, and leads there', async () => {
    const { program, owner } = server();
    const { page } = await visit(browser(), program.base, { as: owner, path: 'devices' });
    const device = new KoreaderDevice(await owner.addReader('Two'), 'Kindle');
    const metadata = { title: 'Emma', authors: 'Jane Austen\nNobody' };
    await device.push({ document: md5('b'), percentage: 0.25, metadata });
    const card = page.getByRole('article').filter({ hasText: 'Kindle' });
    await card.getByText('25%').waitFor();
    await card.getByRole('link', { name: 'Emma' }).click();
    await page.getByRole('heading', { level: 1, name: 'Emma' }).waitFor();
    await page.getByText('Jane Austen, Nobody').waitFor();
  });

  it('forgets a device after a question, and lists it again when it syncs', async () => {
    const { program, owner } = server();
    const device = new KoreaderDevice(await owner.addReader('Three'), 'Boox');
    await device.push({ document: md5('c'), percentage: 0.25 });
    const { page } = await visit(browser(), program.base, { as: owner, path: 'devices' });
    await page.getByRole('button', { name: 'Forget Boox' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Forget the device' }).click();
    await page.getByText('Boox is forgotten.').waitFor();
    await page.getByRole('heading', { name: 'Boox' }).waitFor({ state: 'detached' });
    await device.push({ document: md5('c'), percentage: 0.26 });
    await page.getByRole('heading', { name: 'Boox' }).waitFor();
  });

  it('lists the devices also when it cannot be loaded what they read, and says so', async () => {
    const { program, owner } = server();
    const device = new KoreaderDevice(await owner.addReader('Four'), 'Tolino');
    await device.push({ document: md5('e'), percentage: 0.25 });
    const { page, allow } = await visit(browser(), program.base, { as: owner, path: 'account' });
    allow(/GET \S+\/progress\S* answered 500/);
    await page.route('**/api/v1/progress?*', (route) =>
      route.fulfill({ status: 500, json: { code: 'internal-error', detail: 'The database is away.' } }),
    );
    await page.goto(`${program.base}/ui/devices`);
    await page.getByRole('alert').getByText('The database is away.').waitFor();
    await page.getByRole('heading', { name: 'Tolino' }).waitFor();
  });

  it('shows the devices of others to those who manage users', async () => {
    const { program, owner } = server();
    const { page } = await visit(browser(), program.base, { as: owner, path: 'devices' });
    const bela = await owner.addUser('bela', ['feature:koreader_sync', 'feature:api_keys']);
    await page.getByLabel('Devices of').selectOption('bela');
    await page.getByText('This user has no readers yet.').waitFor();
    const device = new KoreaderDevice(await bela.addReader('Phone'), 'Pixel');
    await device.push({ document: md5('d'), percentage: 0.5 });
    await page.getByRole('button', { name: 'Rename Pixel' }).click();
    await page.getByLabel('Name').fill("Bela's phone");
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { name: "Bela's phone" }).waitFor();
    const { items } = await bela.call('GET', '/devices');
    expect(items).toMatchObject([{ name: 'Pixel', friendly_name: "Bela's phone" }]);
  });
});
