import { describe, expect, it } from 'vitest';
import { openStore } from '../../../server/database/store.js';
import { testBrowser } from '../../support/test-browser.js';
import { ConsoleClient } from './console-client.js';
import { OWNER } from './console-program.js';
import { testConsole } from './test-console.js';
import { heading, signInBrowser, visit } from './visit.js';

const MONTH_SECONDS = 30 * 24 * 60 * 60;

describe('a session', () => {
  const browser = testBrowser();
  const server = testConsole();

  it('that was stolen is worth nothing after its owner signed out, and the page says so by itself', async () => {
    const { base } = server().program;
    const victim = await ConsoleClient.signIn(base, OWNER);
    const thief = await visit(browser(), base, { as: victim, path: 'devices' });
    thief.allow(/answered 401/);
    await heading(thief.page, 'Devices');
    await victim.call('DELETE', '/sessions/current');
    await thief.page.getByText('Your session has ended').waitFor();
    await heading(thief.page, 'Sign in');
    expect(await thief.page.getByRole('navigation', { name: 'Pages' }).count()).toBe(0);
  });

  it('ends in every browser that is open, without a click, when one signs out everywhere', async () => {
    const { program, owner } = server();
    const elsewhere = await ConsoleClient.signIn(program.base, OWNER);
    const here = await visit(browser(), program.base, { as: elsewhere, path: 'reading' });
    here.allow(/answered 401/);
    await heading(here.page, 'Reading');
    await owner.call('DELETE', '/sessions');
    await heading(here.page, 'Sign in');
    // One signs in again and is where one was.
    await here.page.getByLabel('Name').fill(OWNER.name);
    await here.page.getByLabel('Password').fill(OWNER.password);
    await here.page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await heading(here.page, 'Reading');
  });

  it('ends after 30 days without use, also in front of an open page', async () => {
    const { program, databaseUrl } = server();
    const old = await ConsoleClient.signIn(program.base, OWNER);
    const { page, allow } = await visit(browser(), program.base, { as: old, path: 'reading' });
    allow(/answered 401/);
    await heading(page, 'Reading');
    const { session_id: id } = await old.call('GET', '/me');
    const store = await openStore(databaseUrl, { connections: 1 });
    try {
      const lastUsed = Math.floor(Date.now() / 1000) - MONTH_SECONDS - 60;
      await store.db.updateTable('session').set({ last_used_s: lastUsed }).where('id', '=', id).execute();
    } finally {
      await store.close();
    }
    await page.getByText('Your session has ended').waitFor();
    await heading(page, 'Sign in');
  });

  it('that somebody made up is none', async () => {
    const { base } = server().program;
    const real = await ConsoleClient.signIn(base, OWNER);
    const made = new ConsoleClient(base, {
      name: real.cookie.name,
      value: 'A'.repeat(real.cookie.value.length),
    });
    const forged = await visit(browser(), base);
    await signInBrowser(forged, made);
    await forged.page.goto(`${base}/ui/users`);
    await heading(forged.page, 'Sign in');
  });

  it('ends with the user: a removed user is signed out', async () => {
    const { program } = server();
    const owner = await ConsoleClient.signIn(program.base, OWNER);
    const mia = await owner.addUser('mia', ['feature:koreader_sync']);
    const hers = await visit(browser(), program.base, { as: mia, path: 'reading' });
    hers.allow(/answered 401/);
    await heading(hers.page, 'Reading');
    const { items } = await owner.call('GET', '/users');
    const [{ id }] = items.filter(({ name }: { readonly name: string }) => name === 'mia');
    await owner.call('DELETE', `/users/${String(id)}`);
    await heading(hers.page, 'Sign in');
  });

  it('shows only what its user may do', async () => {
    const { program } = server();
    const owner = await ConsoleClient.signIn(program.base, OWNER);
    const jonas = await owner.addUser('jonas', ['feature:koreader_sync']);
    const his = await visit(browser(), program.base, { as: jonas });
    his.allow(/answered 403/);
    const pages = his.page.getByRole('navigation', { name: 'Pages' });
    await pages.getByRole('link', { name: 'Reading' }).waitFor();
    expect(await pages.getByRole('link', { name: 'Users' }).count()).toBe(0);
    expect(await pages.getByRole('link', { name: 'API keys' }).count()).toBe(0);
    await his.page.goto(`${program.base}/ui/libraries`);
    await heading(his.page, 'Libraries');
    expect(await his.page.getByRole('button', { name: 'Add a library' }).count()).toBe(0);
  });
});
