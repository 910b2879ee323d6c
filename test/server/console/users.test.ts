import { describe, expect, it } from 'vitest';
import { testBrowser } from '../../support/test-browser.js';
import { ConsoleClient } from './console-client.js';
import { testConsole } from './test-console.js';
import { heading, visit } from './visit.js';

describe('the pages of users', () => {
  const browser = testBrowser();
  const server = testConsole();

  it('add a user with name, password and permissions, who can sign in then', async () => {
    const { program, owner } = server();
    const { page } = await visit(browser(), program.base, { as: owner, path: 'users' });
    await page.getByRole('link', { name: 'Add a user' }).click();
    await heading(page, 'Add a user');
    await page.getByLabel('Name').fill('José');
    await page.getByLabel('Password').fill('password of José');
    await page.getByLabel('Scan libraries').check();
    await page.getByRole('button', { name: 'Add the user' }).click();
    await heading(page, 'José is added');
    expect(await page.getByLabel('Address').inputValue()).toBe(`${program.base}/ui/`);
    const added = await ConsoleClient.signIn(program.base, { name: 'José', password: 'password of José' });
    const { owner: isOwner, permissions } = await added.call('GET', '/me');
    expect(isOwner).toBe(false);
    expect(permissions.toSorted()).toEqual(['feature:api_keys', 'feature:koreader_sync', 'library:scan']);
    // A name that readers send in the same form takes it away.
    await page.getByRole('link', { name: 'To all users' }).click();
    await page.getByRole('link', { name: 'Add a user' }).click();
    await page.getByLabel('Name').fill('Josè');
    await page.getByRole('button', { name: 'Add the user' }).click();
    await page.getByText('Readers of José can no longer log in').waitFor();
    await page.getByText('They have no password').waitFor();
  });

  it('change only what was edited, and follow what others change', async () => {
    const { program, owner } = server();
    const id = await addUser(owner, 'jonas', ['feature:koreader_sync']);
    const { page } = await visit(browser(), program.base, { as: owner, path: `users/${String(id)}` });
    await heading(page, 'jonas');
    expect(await page.title()).toBe('jonas · Dogear');
    await page.getByLabel('Name').fill('Jonas');
    // Another owner adds a permission meanwhile.
    await owner.call('PATCH', `/users/${String(id)}`, {
      permissions: ['feature:koreader_sync', 'library:scan'],
    });
    await expect.poll(() => page.getByLabel('Scan libraries').isChecked()).toBe(true);
    expect(await page.getByLabel('Name').inputValue()).toBe('Jonas');
    await page.getByRole('button', { name: 'Save' }).press('Enter');
    await page.getByText('Jonas is saved.').waitFor();
    await heading(page, 'Jonas');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Save');
    expect(await owner.call('GET', `/users/${String(id)}`)).toMatchObject({
      name: 'Jonas',
      permissions: ['feature:koreader_sync', 'library:scan'],
    });
  });

  it('disable a user, whose browser is at the sign-in then, and remove the user with what is said to go', async () => {
    const { program, owner } = server();
    const lea = await owner.addUser('lea', ['feature:koreader_sync']);
    const { user_id: id } = await lea.call('GET', '/me');
    const hers = await visit(browser(), program.base, { as: lea });
    hers.allow(/answered 401/);
    await heading(hers.page, /lea/);
    const { page, allow } = await visit(browser(), program.base, { as: owner, path: `users/${String(id)}` });
    await page.getByRole('button', { name: 'Disable' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Disable' }).click();
    await page.getByText('lea is disabled.').waitFor();
    await hers.page.getByText('Your session has ended').waitFor();
    await page.getByRole('button', { name: 'Enable' }).click();
    await page.getByText('lea is enabled.').waitFor();

    const other = await visit(browser(), program.base, { as: owner, path: `users/${String(id)}` });
    other.allow(/answered 404/);
    await heading(other.page, 'lea');
    await page.getByRole('button', { name: 'Remove', exact: true }).click();
    await page.getByRole('dialog').getByText('all reading positions of lea').waitFor();
    await page.getByRole('button', { name: 'Remove for ever' }).click();
    await heading(page, 'Users');
    expect(await page.getByRole('link', { name: 'lea' }).count()).toBe(0);
    // Where she was shown, it is said that she is gone.
    await other.page.getByText(`There is no user ${String(id)}`).waitFor();
    expect(await other.page.getByRole('button', { name: 'Save' }).count()).toBe(0);
    allow(/answered 404/);
    await page.goto(`${program.base}/ui/users/${String(id)}`);
    await page.getByRole('link', { name: 'To all users' }).waitFor();
  });

  it('keep the last owner, and say so', async () => {
    const { program, owner } = server();
    const { user_id: id } = await owner.call('GET', '/me');
    const { page, allow } = await visit(browser(), program.base, { as: owner, path: `users/${String(id)}` });
    allow(/answered 409/);
    await page.getByLabel('Owner').uncheck();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('alert').getByText('is the last owner').waitFor();
  });

  it('offer nothing that the viewer may not do', async () => {
    const { program, owner } = server();
    const manager = await owner.addUser('max', ['feature:koreader_sync', 'user:manage']);
    const scanner = await addUser(owner, 'sam', ['library:scan']);
    const { page, go } = await visit(browser(), program.base, { as: manager, path: 'users/new' });
    await heading(page, 'Add a user');
    expect(await page.getByLabel('Scan libraries').isDisabled()).toBe(true);
    expect(await page.getByLabel('Owner').count()).toBe(0);
    const { user_id: ownerId } = await owner.call('GET', '/me');
    await go(`users/${String(ownerId)}`);
    await page.getByText('Only an owner can change an owner.').waitFor();
    await go(`users/${String(scanner)}`);
    await page.getByText('This user may do things that you may not').waitFor();
    expect(await page.getByRole('button', { name: 'Remove' }).count()).toBe(0);
    // A page for others only.
    const reader = await owner.addUser('rob', ['feature:koreader_sync']);
    const his = await visit(browser(), program.base, { as: reader, path: 'users' });
    await his.page.getByText('You may not use this page.').waitFor();
  });
});

async function addUser(owner: ConsoleClient, name: string, permissions: readonly string[]): Promise<number> {
  const { id } = await owner.call('POST', '/users', { name, permissions });
  return Number(id);
}
