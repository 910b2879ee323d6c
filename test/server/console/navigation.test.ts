import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { testBrowser } from '../../support/test-browser.js';
import { OWNER } from './console-program.js';
import { testConsole } from './test-console.js';
import { heading, visit } from './visit.js';

/** More than two pages of the list, so that the second one is loaded when somebody scrolls. */
const USERS = 230;

function focused(page: Page): Promise<string> {
  return page.evaluate<string>("document.activeElement.tagName + ' ' + document.activeElement.textContent");
}

describe('on the way from page to page', () => {
  const browser = testBrowser();
  const server = testConsole();

  it('the focus goes to the heading and the window is named after the page, also after "Back"', async () => {
    const { program, owner } = server();
    const { page } = await visit(browser(), program.base, {
      as: owner,
      viewport: { width: 320, height: 600 },
    });
    await heading(page, /aaron/);
    expect(await page.title()).toBe('Home · Dogear');
    // Nothing has the focus at first, so that Tab begins at the beginning.
    expect(await focused(page)).toMatch(/^BODY/);
    const menu = page.getByRole('button', { name: 'Menu' });
    await menu.click();
    await page.getByRole('link', { name: 'Users' }).press('Escape');
    expect(await focused(page)).toBe('BUTTON Menu');
    expect(await menu.getAttribute('aria-expanded')).toBe('false');
    await menu.click();
    await page.getByRole('link', { name: 'Users' }).click();
    await heading(page, 'Users');
    await expect.poll(() => focused(page)).toBe('H1 Users');
    expect(await page.title()).toBe('Users · Dogear');
    expect(await menu.getAttribute('aria-expanded')).toBe('false');
    await page.goBack();
    await expect.poll(() => focused(page)).toMatch(/^H1 .*aaron/);
    expect(await page.title()).toBe('Home · Dogear');
  });

  it('skipping the list of pages leaves the address and the history alone', async () => {
    const { program, owner } = server();
    const { page } = await visit(browser(), program.base, { as: owner, path: 'users' });
    await heading(page, 'Users');
    const entries = await page.evaluate<number>('history.length');
    await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('A Skip to the page');
    await page.keyboard.press('Enter');
    expect(await focused(page)).toMatch(/^MAIN/);
    expect(page.url()).toBe(`${program.base}/ui/users`);
    expect(await page.evaluate<number>('history.length')).toBe(entries);
  });

  it('"Back" leads to where a long list was scrolled to', async () => {
    const { program, owner } = server();
    const names = Array.from({ length: USERS }, (_, number) => `user ${String(number).padStart(3, '0')}`);
    await Promise.all(names.map((name) => owner.call('POST', '/users', { name })));
    const { page } = await visit(browser(), program.base, { as: owner, path: 'users' });
    await page.getByRole('link', { name: 'user 000' }).waitFor();
    const last = page.getByRole('link', { name: `user ${String(USERS - 1)}` });
    await expect
      .poll(async () => {
        await page.mouse.wheel(0, 4000);
        return last.count();
      })
      .toBe(1);
    await last.click();
    await heading(page, `user ${String(USERS - 1)}`);
    expect(await page.evaluate<number>('scrollY')).toBe(0);
    await page.goBack();
    await last.waitFor();
    await heading(page, 'Users');
  });

  it('an unknown address says so and leads back; a sign-in page is no place for who is signed in', async () => {
    const { program, owner } = server();
    const { page } = await visit(browser(), program.base, { as: owner, path: 'no/such/page' });
    await heading(page, 'No such page');
    await page.getByRole('link', { name: 'To the first page' }).click();
    await heading(page, /aaron/);
    await page.goto(`${program.base}/ui/sign-in`);
    await heading(page, /aaron/);
    expect(page.url()).toBe(`${program.base}/ui/`);
  });

  it('a link that is pasted into a tab with an older one counts', async () => {
    const { program } = server();
    const { page, allow } = await visit(browser(), program.base, { path: 'sign-in#AAAAAAAAAAAAAAAAAAAAAA' });
    allow(/POST \S+\/sessions answered/);
    await page.getByRole('alert').waitFor();
    const link = (await program.run('console')).trim();
    await page.evaluate(`location.href = ${JSON.stringify(link)}`);
    await heading(page, /aaron/);
    expect(page.url()).toBe(`${program.base}/ui/`);
  });

  it('somebody who signs in in one tab is signed in in the others', async () => {
    const { program } = server();
    const { page, tab } = await visit(browser(), program.base, { path: 'users' });
    await heading(page, 'Sign in');
    const other = await tab('');
    await other.getByLabel('Name').fill(OWNER.name);
    await other.getByLabel('Password').fill(OWNER.password);
    await other.getByRole('button', { name: 'Sign in', exact: true }).click();
    await heading(other, /aaron/);
    // As a browser does when a tab is looked at again.
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
    await heading(page, 'Users');
  });
});
