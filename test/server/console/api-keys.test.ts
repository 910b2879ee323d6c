import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { testBrowser } from '../../support/test-browser.js';
import { testConsole } from './test-console.js';
import { visit } from './visit.js';

describe('the page of API keys', () => {
  const browser = testBrowser();
  const server = testConsole();

  it('makes a key that is shown once, with what it may do and when it expires', async () => {
    const { program, owner } = server();
    const { page } = await visit(browser(), program.base, { as: owner, path: 'api-keys' });
    await page.getByRole('button', { name: 'Make a key' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill('<b>Script</b>');
    await dialog.getByLabel('scan libraries').check();
    await dialog.getByLabel('It expires').selectOption('In 30 days');
    await dialog.getByRole('button', { name: 'Make the key' }).click();

    const field = page.getByLabel('Key', { exact: true });
    const key = await field.inputValue();
    expect(key).toMatch(/^[a-z0-9]{24}$/);
    await field.focus();
    expect(await page.evaluate('getSelection().toString()')).toBe(key);
    expect(await page.getByLabel(/Custom sync server/).inputValue()).toBe(`${program.base}/koreader/${key}`);
    await page.getByRole('img', { name: 'The address as a QR code' }).waitFor();
    expect((await callWith(program.base, key)).status).toBe(200);

    const card = page.getByRole('article').filter({ hasText: '<b>Script</b>' });
    await card.getByText('sync reading, scan libraries').waitFor();
    await card.getByText(`${key.slice(0, 4)}…`).waitFor();
    const { items } = await owner.call('GET', '/api-keys');
    const days = (Date.parse(items.at(-1).expires_at) - Date.now()) / 86_400_000;
    expect(Math.round(days)).toBe(30);

    await page.getByRole('button', { name: 'I have it' }).click();
    await page.reload();
    await card.waitFor();
    expect(await page.content()).not.toContain(key);
  });

  it('copies where a page has no clipboard', async () => {
    const { program, owner } = server();
    const watched = await visit(browser(), program.base, { as: owner, path: 'api-keys?new=1' });
    const { page, context, tab } = watched;
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    // As on plain HTTP.
    await page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })");
    const key = await makeKey(page, 'Copied');
    await page.getByRole('button', { name: 'Copy' }).first().click();
    await page.getByText('Copied.').waitFor();
    const other = await tab('account');
    await other.bringToFront();
    expect(await other.evaluate<string>('navigator.clipboard.readText()')).toBe(key);
  });

  it('revokes a key after a question, and keeps it in sight', async () => {
    const { program, owner } = server();
    const { page } = await visit(browser(), program.base, { as: owner, path: 'api-keys?new=1' });
    const key = await makeKey(page, 'Lost');
    await page.getByRole('button', { name: 'Revoke Lost' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke the key' }).click();
    await page.getByText('Lost is revoked.').waitFor();
    await page.getByText(/^Revoked keys/).click();
    await page.getByRole('listitem').filter({ hasText: 'Lost' }).waitFor();
    expect((await callWith(program.base, key)).status).toBe(401);
  });

  it('offers only permissions that one has, and only own keys to others than managers', async () => {
    const { program, owner } = server();
    const reader = await owner.addUser('bela', ['feature:koreader_sync', 'feature:api_keys']);
    const bela = await visit(browser(), program.base, { as: reader, path: 'api-keys?new=1' });
    const dialog = bela.page.getByRole('dialog');
    await dialog.getByLabel('sync reading').waitFor();
    expect(await dialog.getByRole('checkbox', { disabled: false }).count()).toBe(2);
    await makeKey(bela.page, "Bela's Kobo");
    expect(await bela.page.getByLabel('Keys of').count()).toBe(0);

    const { page } = await visit(browser(), program.base, { as: owner, path: 'api-keys' });
    await page.getByLabel('Keys of').selectOption('bela');
    await page.getByRole('heading', { name: "Bela's Kobo" }).waitFor();
    expect(new URL(page.url()).search).toMatch(/^\?user=\d+$/);
    await page.getByRole('button', { name: 'Make a key' }).click();
    await makeKey(page, 'From the owner');
    await bela.page.getByRole('heading', { name: 'From the owner' }).waitFor();
    // It is not shown among the keys of somebody else, and not lost by a look at them.
    await page.getByLabel('Keys of').selectOption('aaron (you)');
    await page.getByLabel('Key', { exact: true }).waitFor({ state: 'detached' });
    await page.getByLabel('Keys of').selectOption('bela');
    await page.getByLabel('Key', { exact: true }).waitFor();
  });
});

/** In the dialog. @returns the key */
async function makeKey(page: Page, name: string): Promise<string> {
  await page.getByRole('dialog').getByLabel('Name').fill(name);
  await page.getByRole('dialog').getByRole('button', { name: 'Make the key' }).click();
  return page.getByLabel('Key', { exact: true }).inputValue();
}

function callWith(base: string, key: string): Promise<Response> {
  return fetch(`${base}/api/v1/me`, { headers: { authorization: `Bearer ${key}` } });
}
