import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { passwordKeyOf } from '../../../server/accounts/passwords/password-key.js';
import { passwordKeyMatches } from '../../../server/accounts/passwords/scrypt-hash.js';
import { parseDocument } from '../../../server/domain/document.js';
import { parseFraction } from '../../../server/sync/progress.js';
import { migrate } from '../../../server/database/migrate.js';
import { savePushes } from '../../../server/sync/progress-repository.js';
import { openStore } from '../../../server/database/store.js';
import { findUserByName } from '../../../server/accounts/user-repository.js';
import { runProgram } from '../../support/program.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const SECRET = /^[a-z2-9]{24}$/;

// Each command is a process of its own, which takes half a second on an idle machine.
describe('the command line of users, keys, devices and progress', { timeout: 240_000 }, () => {
  let cwd: string;

  beforeEach(async () => {
    cwd = (await temporaryFolder()).path;
  });

  const dogear = (...args: readonly string[]) => runProgram(args, { cwd });
  const withInput = (stdin: string, ...args: readonly string[]) => runProgram(args, { cwd, stdin });

  async function ok(...args: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await dogear(...args);
    expect([args.join(' '), exitCode, stderr]).toEqual([args.join(' '), 0, '']);
    return stdout;
  }

  async function refused(...args: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await dogear(...args);
    expect([args.join(' '), exitCode, stdout]).toEqual([args.join(' '), 1, '']);
    return stderr;
  }

  async function jsonLines(...args: readonly string[]): Promise<Record<string, unknown>[]> {
    const stdout = await ok(...args, '--json');
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  async function withDatabase<T>(
    work: (store: Awaited<ReturnType<typeof openStore>>) => Promise<T>,
  ): Promise<T> {
    const store = await openStore(`sqlite:${join(cwd, 'dogear.db')}`);
    try {
      await migrate(store);
      return await work(store);
    } finally {
      await store.close();
    }
  }

  const passwordHash = (name: string) =>
    withDatabase(async (store) => (await findUserByName(store, name))?.passwordHash);

  it('adds, lists, changes, disables and enables users', async () => {
    expect(await dogear('user', 'list')).toMatchObject({
      exitCode: 0,
      stdout: '',
      stderr: 'There is no user yet; add one with "dogear user add NAME".\n',
    });
    const added = await dogear('user', 'add', 'anna');
    expect(added).toMatchObject({
      exitCode: 0,
      stderr: '"anna" has no password; make an API key with "dogear key add anna KEYNAME".\n',
    });
    expect(added.stdout).toMatch(
      /^Added the user anna: feature:api_keys feature:koreader_sync; API keys only, since 2.* UTC\n$/,
    );
    expect(await refused('user', 'add', 'anna')).toBe('dogear: There is a user "anna" already.\n');
    expect(await refused('user', 'add', 'a:b')).toContain('no colon');
    await dogear('user', 'add', 'boss', '--owner', '--permissions', 'none');
    expect(await ok('user', 'set', 'anna', '--permissions', 'library:scan,user:manage')).toContain(
      'anna: library:scan user:manage;',
    );
    expect(await ok('user', 'disable', 'anna')).toContain('disabled');
    expect(await jsonLines('user', 'list')).toEqual([
      expect.objectContaining({
        name: 'anna',
        owner: false,
        permissions: ['library:scan', 'user:manage'],
        disabled: true,
        has_password: false,
      }),
      expect.objectContaining({ name: 'boss', owner: true, permissions: [], disabled: false }),
    ]);
    expect(await ok('user', 'enable', 'anna')).not.toContain('disabled');
    expect(await refused('user', 'disable', 'boss')).toContain('last owner');
    expect(await refused('user', 'set', 'boss', '--no-owner')).toContain('last owner');
    await ok('user', 'set', 'anna', '--owner');
    await ok('user', 'set', 'boss', '--no-owner');
    expect(await ok('user', 'list')).toMatch(/^anna: owner; .*\nboss: no permissions; .*\n$/);
    expect(await refused('user', 'disable', 'nobody')).toBe(
      'dogear: There is no user "nobody". "dogear user list" lists the users, "dogear user add" adds one.\n',
    );
    const wrong = await dogear('user', 'add', 'x', '--permissions', 'library:scan,everything');
    expect(wrong).toMatchObject({ exitCode: 2, stdout: '' });
    expect(wrong.stderr).toContain('"everything" is no permission');
  });

  it('renames and removes users', async () => {
    await withInput('pw', 'user', 'add', 'anna', '--password');
    await withInput('pw', 'user', 'add', 'José', '--password');
    await push('anna', 'doc', { name: 'Kobo', id: 'one' }, 0.25, 1_000_000_000);
    expect(await ok('user', 'list')).toMatch(
      /^José: .*, not seen yet\nanna: .*, last seen 2023-11-14 22:13:20 UTC\n$/,
    );
    const renamed = await dogear('user', 'set', 'anna', '--name', 'Josè');
    expect(renamed).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^Changed: Josè: /) as string,
    });
    expect(renamed.stderr).toContain('The password of "José" no longer works in KOReader');
    expect(renamed.stderr).toContain('Readers that log in as "anna" have to log in as "Josè".');
    expect(await refused('user', 'set', 'Josè', '--name', 'José')).toContain(
      'There is a user "José" already',
    );
    expect(await refused('user', 'set', 'Josè', '--name', 'a:b')).toContain('no colon');
    expect(await jsonLines('user', 'list')).toEqual([
      expect.objectContaining({ name: 'Josè', last_seen_at: '2023-11-14T22:13:20.000Z' }),
      expect.objectContaining({ name: 'José', last_seen_at: null }),
    ]);
    expect(await ok('user', 'remove', 'Josè')).toBe('Removed the user "Josè".\n');
    expect(await refused('user', 'remove', 'Josè')).toContain('There is no user "Josè"');
    expect(await jsonLines('user', 'list')).toEqual([expect.objectContaining({ name: 'José' })]);
    await dogear('user', 'add', 'boss', '--owner');
    expect(await refused('user', 'remove', 'boss')).toContain('last owner');
  });

  it('takes names in every language, composed or not', async () => {
    const added = await withInput('pw', 'user', 'add', '名前', '--password');
    expect(added.exitCode).toBe(0);
    expect(added.stderr).toContain('KOReader cannot send the name "名前"');
    const decomposed = 'José'.normalize('NFD');
    expect(await withInput('pw', 'user', 'add', decomposed, '--password')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^Added the user José: /) as string,
      stderr: '',
    });
    const alike = await withInput('pw', 'user', 'add', 'Josè', '--password', '--json');
    expect(alike.exitCode).toBe(0);
    expect(JSON.parse(alike.stdout)).toMatchObject({ name: 'Josè', takes_header_of: 'José' });
    expect(alike.stderr).toContain('The password of "José" no longer works in KOReader');
    expect(await refused('user', 'add', 'José')).toContain('There is a user "José" already');
    for (const name of ['José', decomposed]) expect(await ok('user', 'disable', name)).toContain('José');
    for (const name of ['a\u202eb', ' a', 'a\u0085']) {
      expect(await refused('user', 'add', name)).toContain('no control or invisible characters');
    }
  });

  it('reads passwords from standard input, and never shows one', async () => {
    const added = await withInput('gehe im ü\r\nsecond line\n', 'user', 'add', 'anna', '--password');
    expect(added).toMatchObject({ exitCode: 0, stderr: '' });
    expect(added.stdout).toContain('with a password');
    const stored = await passwordHash('anna');
    expect(await passwordKeyMatches(passwordKeyOf('gehe im ü'), stored ?? '')).toBe(true);
    const changed = await withInput('other', 'user', 'password', 'anna');
    expect(changed).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await passwordKeyMatches(passwordKeyOf('other'), (await passwordHash('anna')) ?? '')).toBe(true);
    const nothing = await withInput('', 'user', 'password', 'anna');
    expect(nothing).toMatchObject({ exitCode: 1, stdout: '' });
    expect(nothing.stderr).toContain('No password came from standard input');
    expect(await withInput('x'.repeat(300), 'user', 'password', 'anna')).toMatchObject({ exitCode: 1 });
    // A password as an argument is refused, so that nobody gets used to it.
    expect(await dogear('user', 'password', 'anna', 'secret')).toMatchObject({ exitCode: 2 });
    expect(await passwordKeyMatches(passwordKeyOf('other'), (await passwordHash('anna')) ?? '')).toBe(true);
    expect(await ok('user', 'password', 'anna', '--remove')).toContain('no password');
    expect(await passwordHash('anna')).toBeUndefined();
    for (const { stdout, stderr } of [added, changed]) expect(stdout + stderr).not.toMatch(/gehe|other/);
  });

  it('makes keys that it prints once, lists and revokes them', async () => {
    await dogear('user', 'add', 'anna');
    const added = await dogear('key', 'add', 'anna', 'Kobo');
    expect(added.exitCode).toBe(0);
    const key = added.stdout.trim();
    expect(key).toMatch(SECRET);
    expect(added.stderr).toContain(`/koreader/${key}`);
    const prefix = key.slice(0, 4);
    const [api] = await jsonLines(
      'key',
      'add',
      'anna',
      'script',
      '--permissions',
      'feature:api_keys',
      '--expires',
      '2099-01-31',
    );
    expect(api).toMatchObject({ name: 'script', expires_at: '2099-01-31T00:00:00.000Z' });
    expect(api?.['key']).toMatch(SECRET);
    const list = await ok('key', 'list', 'anna');
    expect(list).toMatch(
      new RegExp(
        `^1 \\(${prefix}…\\): Kobo: feature:koreader_sync; last used never\n.*script.*expires 2099-01-31 00:00:00 UTC`,
      ),
    );
    expect(list).not.toContain(key.slice(4));
    expect(await ok('key', 'revoke', prefix)).toBe(`Revoked the API key 1 (${prefix}…, "Kobo").\n`);
    expect(await ok('key', 'revoke', String(api?.['key']))).toContain('"script"');
    expect(await jsonLines('key', 'list', 'anna')).toEqual([
      expect.objectContaining({ prefix, revoked_at: expect.stringMatching(/Z$/) as string }),
      expect.objectContaining({ name: 'script', revoked_at: expect.stringMatching(/Z$/) as string }),
    ]);
    expect(await refused('key', 'revoke', 'a2c4')).toContain('There is no API key a2c4. "dogear key list"');
    expect(await refused('key', 'revoke', '77')).toContain('There is no API key 77.');
    // A mistyped key is nearly the key.
    for (const mistyped of [`${key}2`, key.slice(1), `/koreader/${key}`]) {
      expect(await refused('key', 'revoke', mistyped)).not.toContain(key.slice(5));
    }
    expect(await refused('key', 'add', 'anna', 'x', '--permissions', 'user:manage')).toContain(
      'does not have user:manage',
    );
    expect(await refused('key', 'add', 'anna', 'x', '--expires', '2001-01-01')).toContain('in the past');
    for (const noDate of ['tomorrow', '2030-02-31', '2030-02-31T12:00Z', '2031-02-29', '2030-13-01']) {
      const wrong = await dogear('key', 'add', 'anna', 'x', '--expires', noDate);
      expect([noDate, wrong.exitCode, wrong.stdout]).toEqual([noDate, 2, '']);
    }
  });

  it('lists, names and forgets devices; lists, shows and deletes positions', async () => {
    await dogear('user', 'add', 'anna');
    expect((await dogear('device', 'list', 'anna')).stderr).toBe('"anna" has not synced yet.\n');
    expect((await dogear('progress', 'list', 'anna')).stderr).toBe('"anna" has no progress yet.\n');
    await push('anna', 'doc', { name: 'Kobo\n\u001b[31m', id: 'one' }, 0.25, 1);
    await push('anna', 'doc', { name: 'Kindle', id: 'two' }, 0.5, 2);
    await push('anna', 'doc', { name: 'Kindle', id: undefined }, 0.75, 3);
    const [first] = await jsonLines('device', 'list', 'anna');
    expect(first).toMatchObject({ name: 'Kobo\n\u001b[31m', device_id: 'one', friendly_name: null });
    expect(await ok('device', 'list', 'anna')).toContain('Kobo\\n\\x1b[31m, id one, seen 2');
    expect(await ok('device', 'name', 'anna', 'one', 'Küche')).toContain('Küche');
    expect(await refused('device', 'forget', 'anna', 'Kindle')).toContain('name one by its id');
    expect(await refused('device', 'forget', 'anna', 'nothing')).toContain(
      'There is no device "nothing". "dogear device list" lists the devices of a user.',
    );
    expect(await dogear('device', 'name', 'anna', 'one')).toMatchObject({ exitCode: 2, stdout: '' });
    const shown = await jsonLines('progress', 'show', 'anna', 'doc');
    expect(shown.map(({ percentage }) => percentage)).toEqual([0.75, 0.5, 0.25]);
    expect(await ok('progress', 'show', 'anna', 'doc')).toMatch(
      /: Kindle: 75\.0 %, .*\n.*\n.*: Küche: 25\.0 %, /,
    );
    expect(await ok('progress', 'list', 'anna')).toMatch(/^doc: 75\.0 % on Kindle, .* UTC, 3 devices\n$/);
    const newest = (shown[0]?.['device'] as { readonly id: string } | undefined)?.id ?? '';
    expect(await ok('progress', 'delete', 'anna', 'doc', newest)).toContain('Deleted');
    expect(await refused('progress', 'delete', 'anna', 'doc', newest)).toContain('no such position');
    expect((await jsonLines('progress', 'list', 'anna'))[0]).toMatchObject({ percentage: 0.5, devices: 2 });
    expect(await ok('device', 'name', 'anna', 'Küche', '--clear')).not.toContain('Küche');
    expect(await ok('device', 'forget', 'anna', String(first?.['id']))).toContain('Forgot');
    expect(await jsonLines('device', 'list', 'anna')).toHaveLength(2);
    expect(await refused('progress', 'show', 'anna', 'other')).toContain('no such position');
    expect(await dogear('progress', 'show', 'anna', '')).toMatchObject({ exitCode: 2 });
  });

  async function push(
    user: string,
    text: string,
    device: { readonly name: string; readonly id: string | undefined },
    percentage: number,
    pushedMs: number,
  ): Promise<void> {
    await withDatabase(async (store) => {
      const found = await findUserByName(store, user);
      const document = parseDocument(text);
      const fraction = parseFraction(percentage);
      if (found === undefined || document === undefined || fraction === undefined) throw new Error('no push');
      const progress = { document, position: 'p', percentage: fraction, device, metadataJson: undefined };
      await savePushes(store, {
        pushes: [{ push: { ...progress, userId: found.id, pushedMs }, arrivalIndex: 0 }],
        devices: [{ userId: found.id, device, seenSeconds: 1_700_000_000 }],
      });
    });
  }
});
