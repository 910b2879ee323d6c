import { describe, expect, it } from 'vitest';
import { testBrowser } from '../../support/test-browser.js';
import { ConsoleClient } from './console-client.js';
import { testConsole } from './test-console.js';
import { heading, visit } from './visit.js';

describe('the page of one’s account', () => {
  const browser = testBrowser();
  const server = testConsole();

  it('changes the password, which signs out all other browsers', async () => {
    const { program, owner } = server();
    const mia = await owner.addUser('mia', ['feature:koreader_sync']);
    const elsewhere = await ConsoleClient.signIn(program.base, { name: 'mia', password: 'password of mia' });
    const { page, allow } = await visit(browser(), program.base, { as: mia });
    const sessions = page.getByRole('main').getByRole('listitem');
    allow(/PUT \S+\/me\/password answered 403/);
    await page.getByRole('link', { name: 'Signed in as mia' }).click();
    await heading(page, 'Your account');
    await page.getByText('sync reading').waitFor();
    await expect.poll(() => sessions.count()).toBe(2);
    await page.getByLabel('Current password').fill('something else');
    await page.getByLabel('New password').fill('a new password');
    const change = page.getByRole('button', { name: 'Change the password' });
    await change.click();
    await page.getByRole('alert').getByText('The current password is not right.').waitFor();
    await page.getByLabel('Current password').fill('password of mia');
    await change.click();
    await page.getByText('The password is set.').waitFor();
    expect(await page.getByLabel('New password').inputValue()).toBe('');
    await expect.poll(() => sessions.count()).toBe(1);
    await expect(elsewhere.call('GET', '/me')).rejects.toThrow('401');
    await ConsoleClient.signIn(program.base, { name: 'mia', password: 'a new password' });
  });

  it('follows a new name that somebody gives elsewhere', async () => {
    const { program, owner } = server();
    const nora = await owner.addUser('nora', ['feature:koreader_sync']);
    const { user_id: id } = await nora.call('GET', '/me');
    const { page } = await visit(browser(), program.base, { as: nora });
    await page.getByRole('link', { name: 'Signed in as nora' }).waitFor();
    await owner.call('PATCH', `/users/${String(id)}`, { name: 'eleonora' });
    await page.getByRole('link', { name: 'Signed in as eleonora' }).waitFor();
  });

  it('sets the first password of somebody who signed in with a key', async () => {
    const { program, owner } = server();
    const permissions = ['feature:koreader_sync', 'feature:api_keys'];
    const { id } = await owner.call('POST', '/users', { name: 'jonas', permissions });
    const { key } = await owner.call('POST', '/api-keys', { name: 'all', user_id: id, permissions });
    const { page } = await visit(browser(), program.base);
    await page.getByRole('button', { name: 'Sign in with an API key instead' }).click();
    await page.getByLabel('API key').fill(String(key));
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await heading(page, /jonas/);
    await page.getByRole('link', { name: 'Signed in as jonas' }).click();
    await page.getByText('signed in just now with an API key').waitFor();
    expect(await page.getByLabel('Current password').count()).toBe(0);
    await page.getByLabel('New password').fill('password of jonas');
    await page.getByRole('button', { name: 'Set the password' }).click();
    await page.getByText('The password is set.').waitFor();
    await page.getByLabel('Current password').waitFor();
    await ConsoleClient.signIn(program.base, { name: 'jonas', password: 'password of jonas' });
  });

  it('lists the browsers that are signed in, and signs out one of them or all', async () => {
    const { program, owner } = server();
    const credentials = { name: 'lea', password: 'password of lea' };
    const lea = await owner.addUser('lea', ['feature:koreader_sync']);
    const one = await ConsoleClient.signIn(program.base, credentials);
    const two = await ConsoleClient.signIn(program.base, credentials);
    const { page } = await visit(browser(), program.base, { as: lea, path: 'account' });
    const sessions = page.getByRole('main').getByRole('listitem');
    await expect.poll(() => sessions.count()).toBe(3);
    const here = sessions.filter({ hasText: 'this browser' });
    expect(await here.count()).toBe(1);
    await sessions.filter({ hasNotText: 'this browser' }).first().getByRole('button').click();
    await expect.poll(() => sessions.count()).toBe(2);
    const living = await Promise.allSettled([one.call('GET', '/me'), two.call('GET', '/me')]);
    expect(living.filter(({ status }) => status === 'fulfilled').length).toBe(1);
    await page.getByRole('button', { name: 'Sign out everywhere' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Sign out everywhere' }).click();
    await heading(page, 'Sign in');
    expect(await page.getByText('Your session has ended').count()).toBe(0);
    await expect(lea.call('GET', '/me')).rejects.toThrow('401');
  });
});
