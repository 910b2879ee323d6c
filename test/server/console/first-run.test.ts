import { readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { testDatabases, type TestDatabase } from '../../support/databases.js';
import { bookFolder, md5 } from '../../support/book-folder.js';
import { testBrowser } from '../../support/test-browser.js';
import { ConsoleClient, KoreaderDevice } from './console-client.js';
import { type ConsoleProgram, OWNER, setUpOwner, startConsole } from './console-program.js';
import { heading, visit } from './visit.js';

/** `dogear up FOLDER` on an empty database. */
async function firstStart(database: TestDatabase): Promise<ConsoleProgram> {
  const { path } = await bookFolder({ 'one.epub': 'one' });
  const program = await startConsole(database.url, { command: ['up', path] });
  onTestFinished(async () => {
    await program.close();
    await database.drop();
  });
  return program;
}

describe.each(testDatabases())('the first run on $name', ({ name: kind, create }) => {
  const browser = testBrowser();

  it('makes the owner with the link that the program gives, and takes the link out of the address', async () => {
    const database = await create();
    const program = await firstStart(database);
    let link: string;
    if (kind === 'sqlite') {
      const [, file = ''] = await program.output('stdout', /The link that makes one is in (\S+)/);
      link = readFileSync(file, 'utf8').trim();
    } else {
      await program.output('stdout', /"dogear console" prints a link/);
      link = (await program.run('console')).trim();
    }
    expect(link).toMatch(/\/ui\/setup#[\w-]{20,}$/);
    const [path = ''] = link.split('/ui/').slice(1);
    const { page, requests } = await visit(browser(), program.base, { path });
    await heading(page, 'Welcome');
    expect(page.url()).toBe(`${program.base}/ui/setup`);
    await page.getByLabel('Name').fill(OWNER.name);
    await page.getByLabel('Password', { exact: true }).fill(OWNER.password);
    await page.getByRole('button', { name: 'Make this server mine' }).click();
    await heading(page, /aaron/);
    expect(page.url()).toBe(`${program.base}/ui/`);
    const [, token = ''] = link.split('#');
    expect(requests().filter((request) => request.includes(token))).toEqual([]);
    // The reader's address that the first start printed goes on working, and belongs to the owner.
    const [address = ''] = await program.output('stdout', /http:\S+\/koreader\/\S+/);
    await program.output('stdout', /Scanned\./);
    await new KoreaderDevice(address, 'Kobo').push({ document: md5('one'), percentage: 0.5 });
    const owner = await ConsoleClient.signIn(program.base, OWNER);
    const { items } = await owner.call('GET', '/devices');
    expect(items).toMatchObject([{ name: 'Kobo' }]);
    // The link is void.
    const second = await visit(browser(), program.base, { path });
    second.allow(/POST \/api\/v1\/setup\/check answered 409/);
    await second.page.getByRole('alert').getByText('has an owner already').waitFor();
  });

  it('lets nobody in without the token', async () => {
    const database = await create();
    const program = await firstStart(database);
    const { page, allow, tab, requests } = await visit(browser(), program.base);
    allow(/POST \/api\/v1\/setup\/check answered/);
    await heading(page, 'Nobody owns this server yet');
    await page.getByText('dogear console').waitFor();
    const guessed = await tab('setup#AAAAAAAAAAAAAAAAAAAAAA');
    await guessed.getByRole('alert').getByText('The link has been used, or it is too old.').waitFor();
    expect(await guessed.getByLabel('Name').count()).toBe(0);
    await guessed.reload();
    await guessed.getByText('Open the whole link again.').waitFor();
    // A reload is no failed login.
    expect(requests().filter((request) => request.includes('/setup/check'))).toHaveLength(1);
    expect(await guessed.getByLabel('Name').count()).toBe(0);
  });

  it('makes one owner of two people who do it at once', async () => {
    const database = await create();
    const program = await firstStart(database);
    const links = [await program.run('console'), await program.run('console')];
    const visits = await Promise.all(
      links.map((link) => visit(browser(), program.base, { path: link.trim().split('/ui/')[1] ?? '' })),
    );
    for (const [index, { page, allow }] of visits.entries()) {
      allow(/POST \/api\/v1\/setup answered 409/);
      await page.getByLabel('Name').fill(`owner ${String(index)}`);
      await page.getByLabel('Password', { exact: true }).fill(OWNER.password);
    }
    const submits = visits.map(({ page }) => page.getByRole('button', { name: 'Make this server mine' }));
    await Promise.all(submits.map((button) => button.click()));
    const outcomes = await Promise.all(
      visits.map(({ page }) =>
        Promise.race([
          heading(page, /owner \d/).then(() => 'owner'),
          page
            .getByRole('alert')
            .getByText('has an owner already')
            .waitFor()
            .then(() => 'refused'),
        ]),
      ),
    );
    expect(outcomes.toSorted()).toEqual(['owner', 'refused']);
  });
});

describe('the way in afterwards', () => {
  const browser = testBrowser();

  it('is a name and a password, an API key, or a link that works once', async () => {
    const [kind] = testDatabases();
    if (kind === undefined) throw new Error('no database');
    const program = await firstStart(await kind.create());
    const owner = await setUpOwner(program);
    const { page, allow } = await visit(browser(), program.base);
    allow(/POST \/api\/v1\/sessions answered 401/);
    await page.getByLabel('Name').fill(OWNER.name);
    await page.getByLabel('Password').fill('wrong');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('alert').waitFor();
    await page.getByLabel('Password').fill(OWNER.password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await heading(page, /aaron/);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await heading(page, 'Sign in');
    expect(await page.getByText('Your session has ended').count()).toBe(0);

    const [, key = ''] = (await owner.addReader('Kobo')).split('/koreader/');
    await page.getByRole('button', { name: 'Sign in with an API key instead' }).click();
    await page.getByLabel('API key').fill(key);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await heading(page, /aaron/);

    const path = (await program.run('console')).trim().split('/ui/')[1] ?? '';
    const byLink = await visit(browser(), program.base, { path });
    await heading(byLink.page, /aaron/);
    expect(byLink.page.url()).toBe(`${program.base}/ui/`);
    const again = await visit(browser(), program.base, { path });
    again.allow(/POST \/api\/v1\/sessions answered/);
    await again.page.getByRole('alert').getByText('The link has been used').waitFor();
  });
});
