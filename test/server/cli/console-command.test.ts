import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pino from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadConfiguration } from '../../../config/load.js';
import type { Configuration } from '../../../config/schema.js';
import { announceSetup } from '../../../server/cli/setup-offer.js';
import { bookFolder } from '../../support/book-folder.js';
import { MYSQL, SQLITE, type TestDatabaseKind } from '../../support/databases.js';
import { runProgram, startProgram } from '../../support/program.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { serveProgram } from '../compose/served-program.js';
import { Browser } from '../http/routes/api/browser.js';

const LINK = /^(http:\/\/[^/\s]+)\/ui\/(setup|sign-in)#([\w-]{43})$/m;

async function emptyDatabase(kind: TestDatabaseKind): Promise<string> {
  const database = await kind.create();
  onTestFinished(() => database.drop());
  return database.url;
}

function linkIn(text: string): { readonly kind: string; readonly token: string; readonly address: string } {
  const [, address = '', kind = '', token = ''] = LINK.exec(text) ?? [];
  return { kind, token, address };
}

describe.each([SQLITE, MYSQL])('dogear console on $name', (kind) => {
  it('prints a link for setting up while no owner can sign in, then one that signs in', async () => {
    const url = await emptyDatabase(kind);
    const server = await serveProgram(url);
    const command = (...args: string[]) =>
      runProgram(['console', ...args, '--database', url, '--set', `server.port=${String(server.port)}`]);
    const setup = await command();
    expect(setup.exitCode).toBe(0);
    expect(setup.stderr).toMatch(/becomes the owner/);
    expect(setup.stdout).toMatch(LINK);
    const { token, kind: first, address } = linkIn(setup.stdout);
    expect(first).toBe('setup');
    expect(address).toMatch(new RegExp(`:${String(server.port)}$`));
    const browser = new Browser(`http://127.0.0.1:${String(server.port)}`);
    const body = { token, name: 'anna', password: 'pw' };
    expect((await browser.send('POST', '/setup', { body })).status).toBe(201);
    const second = await command();
    expect(second.stderr).toMatch(/signed in as "anna"/);
    expect(linkIn(second.stdout).kind).toBe('sign-in');
    const other = new Browser(`http://127.0.0.1:${String(server.port)}`);
    const signIn = { body: { token: linkIn(second.stdout).token } };
    expect((await other.send('POST', '/sessions', signIn)).status).toBe(201);
    expect((await other.send('GET', '/me')).json).toMatchObject({ name: 'anna', owner: true });
    expect((await other.send('POST', '/sessions', signIn)).status).toBe(403);
  });

  it('serve says where the link is, but does not put it into the log', async () => {
    const url = await emptyDatabase(kind);
    const server = await serveProgram(url);
    const [line] = await server.output('stderr', /.*No owner can sign in.*\n/);
    expect(line).not.toMatch(/ui\/setup/);
    if (kind.name === 'mysql') {
      expect(line).toMatch(/dogear console/);
      return;
    }
    const file = `${url.replace('sqlite:', '')}-setup-link`;
    expect(line).toContain(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { token } = linkIn(readFileSync(file, 'utf8'));
    const browser = new Browser(`http://127.0.0.1:${String(server.port)}`);
    const body = { token, name: 'anna', password: 'pw' };
    expect((await browser.send('POST', '/setup', { body })).status).toBe(201);
    const again = await serveProgram(url);
    // The same start as above, up to the line that would come next.
    again.send('SIGTERM');
    await again.result;
    expect(again.stderr()).not.toMatch(/No owner/);
    expect(existsSync(file)).toBe(false);
  });
});

describe('dogear console', () => {
  it('refuses users who are no owners, and a console that is switched off', async () => {
    const url = await emptyDatabase(SQLITE);
    const run = (...args: string[]) => runProgram([...args, '--database', url]);
    await run('user', 'add', 'anna', '--owner');
    await run('user', 'add', 'bert');
    const named = await run('console', 'anna');
    expect(linkIn(named.stdout).kind).toBe('sign-in');
    const bert = await run('console', 'bert');
    expect([bert.exitCode, bert.stdout]).toEqual([1, '']);
    expect(bert.stderr).toMatch(/"bert" is no owner/);
    expect((await run('console', 'nobody')).stderr).toMatch(/no user "nobody".*dogear user list/);
    const off = await run('console', '--set', 'console.enabled=false');
    expect([off.exitCode, off.stdout]).toEqual([1, '']);
    expect(off.stderr).toMatch(/console\.enabled/);
  });

  it('up says where the link is, and the owner that it makes keeps the key', async () => {
    const { path: cwd } = await temporaryFolder();
    const books = await bookFolder({ 'one.epub': 'one' });
    const program = startProgram(['up', books.path, '--host', '127.0.0.1', '--port', '0'], { cwd });
    onTestFinished(() => program.send('SIGKILL'));
    const [, address = '', key = ''] = await program.output('stdout', /^ {2}(http:\S+)\/koreader\/(\w+)$/m);
    const [, file = ''] = await program.output('stdout', /^No owner can sign in.* is in (.*)$/m);
    expect(file).toBe(join(cwd, 'dogear.db-setup-link'));
    expect(program.stdout()).not.toMatch(/ui\/setup/);
    const browser = new Browser(address);
    const { token } = linkIn(readFileSync(file, 'utf8'));
    const body = { token, name: 'anna', password: 'pw' };
    expect((await browser.send('POST', '/setup/check', { body: { token } })).json.owner_name).toBe('owner');
    expect((await browser.send('POST', '/setup', { body })).status).toBe(201);
    expect((await browser.send('GET', '/api-keys')).json.items).toMatchObject([{ name: 'first reader' }]);
    expect((await fetch(`${address}/koreader/${key}/users/auth`)).status).toBe(200);
    program.send('SIGTERM');
    await program.result;
  });
});

describe('the link for setting up', () => {
  async function announced(configuration: Configuration, isTerminal: boolean) {
    const lines: string[] = [];
    const logged: string[] = [];
    await announceSetup(
      { port: 8364, log: pino({}, { write: (line) => logged.push(line) }) },
      configuration,
      { isTerminal, say: (said) => lines.push(...said) },
    );
    return { said: lines.join('\n'), logged: logged.join('') };
  }

  const configurationOf = (url: string, ...sets: string[]) =>
    loadConfiguration({
      environment: {},
      workingFolder: '/',
      flags: [`database.url=${url}`, ...sets].map((text) => ({ flag: '--set', text })),
    }).configuration;

  it('is printed on a terminal, with the address that readers use', async () => {
    const url = await emptyDatabase(SQLITE);
    const { said } = await announced(
      configurationOf(url, 'server.public_url=https://books.example.org/dogear'),
      true,
    );
    expect(said).toMatch(/^ {2}https:\/\/books\.example\.org\/dogear\/ui\/setup#[\w-]{43}$/m);
    expect(existsSync(`${url.replace('sqlite:', '')}-setup-link`)).toBe(false);
  });

  it('replaces what stands where the file belongs, and follows no link', async () => {
    const url = await emptyDatabase(SQLITE);
    const file = `${url.replace('sqlite:', '')}-setup-link`;
    writeFileSync(file, 'old', { mode: 0o666 });
    const { said } = await announced(configurationOf(url), false);
    expect(said).toContain(file);
    expect(readFileSync(file, 'utf8')).toMatch(LINK);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('is not made where the console is switched off', async () => {
    const url = await emptyDatabase(SQLITE);
    expect(await announced(configurationOf(url, 'console.enabled=false'), true)).toEqual({
      said: '',
      logged: '',
    });
  });

  it('does not keep the server from running when the database is away', async () => {
    const { said, logged } = await announced(configurationOf('sqlite:/dev/null/x.db'), true);
    expect(said).toBe('');
    expect(logged).toMatch(/no link for setting up the owner was made/);
  });
});
