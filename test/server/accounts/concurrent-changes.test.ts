import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Accounts } from '../../../server/accounts/accounts.js';
import { addUser } from '../../../server/accounts/add-user.js';
import { changeUser } from '../../../server/accounts/change-user.js';
import { addApiKey } from '../../../server/accounts/keys/add-api-key.js';
import { hashOfSecret, newApiKey } from '../../../server/accounts/keys/api-key-secret.js';
import { makeFirstKey } from '../../../server/accounts/keys/first-key.js';
import { registerAccount } from '../../../server/accounts/register-account.js';
import { setPassword } from '../../../server/accounts/set-password.js';
import { findUserById } from '../../../server/accounts/user-repository.js';
import { openStore, type OpenStore } from '../../../server/database/store.js';
import { type Actor, OPERATOR } from '../../../server/domain/actor.js';
import type { UserId } from '../../../server/domain/ids.js';
import type { Permission } from '../../../server/domain/permission.js';
import { deleteAccount } from '../../../server/removal/delete-account.js';
import { testDatabases } from '../../support/databases.js';
import { connectionLost, openHookedStore } from '../../support/hooked-store.js';
import { openTestStore, type TestStore } from '../../support/open-test-store.js';

const LIMIT = 200;
const KEY = { name: 'k', permissions: new Set<Permission>(), expiresSeconds: undefined };

describe.each(testDatabases())('changes of users at the same time, on $name,', (kind) => {
  let store: TestStore;
  /** As many servers have them. */
  let stores: readonly OpenStore[];

  beforeEach(async () => {
    store = await openTestStore(kind);
    stores = await Promise.all(Array.from({ length: 4 }, () => openStore(store.url)));
  });

  afterEach(async () => {
    for (const each of stores) await each.close();
    await store.close();
  });

  const makeUser = (name: string, permissions: readonly Permission[] = [], isOwner = false) =>
    addUser(store, OPERATOR, { name, password: undefined, permissions: new Set(permissions), isOwner });

  const revisionOf = async (id: UserId) => {
    const row = await store.db.selectFrom('user').select('revision').where('id', '=', id).executeTakeFirst();
    return Number(row?.revision);
  };

  it('never make more API keys than a user may have', async () => {
    const { id } = await makeUser('anna');
    const rows = Array.from({ length: LIMIT - 5 }, () => newApiKey()).map(({ text, secretHash }) => ({
      user_id: id,
      name: 'k',
      prefix: text.slice(0, 16),
      secret_sha256: Buffer.from(secretHash, 'base64'),
      permissions: '',
      created_s: 0,
    }));
    await store.db.insertInto('api_key').values(rows).execute();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 16 }, (_, i) =>
        addApiKey(stores[i % 4] ?? store, OPERATOR, { ...KEY, userId: id }),
      ),
    );
    const refusals = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
    expect(refusals).toHaveLength(11);
    for (const refusal of refusals) expect(refusal).toMatchObject({ code: 'api-keys-at-limit' });
    expect(await store.db.selectFrom('api_key').select('id').execute()).toHaveLength(LIMIT);
  });

  it('write the rows that must not change meanwhile, because a cluster lets two transactions lock one', async () => {
    const anna = await makeUser('anna');
    await addApiKey(store, OPERATOR, { ...KEY, userId: anna.id });
    expect(await revisionOf(anna.id)).toBe(1);
    const owners = [await makeUser('one', [], true), await makeUser('two', [], true)] as const;
    await changeUser(store, OPERATOR, owners[0].id, { isOwner: false });
    for (const { id } of owners) expect(await revisionOf(id)).toBe(1);
    await setPassword(store, OPERATOR, anna.id, undefined);
    expect(await revisionOf(anna.id)).toBe(2);
  });

  it('do not set the password of a user who got more permissions while it was hashed', async () => {
    const manager = await makeUser('manager', ['user:manage']);
    const anna = await makeUser('anna');
    const actor: Actor = { userId: manager.id, isOwner: false, permissions: manager.permissions };
    const promoting = async () => {
      await changeUser(store, OPERATOR, anna.id, { isOwner: true });
      return 'a hash';
    };
    await expect(setPassword(store, actor, anna.id, 'mine now', promoting)).rejects.toMatchObject({
      code: 'permission-not-held',
    });
    expect(await findUserById(store, anna.id)).toMatchObject({ isOwner: true, passwordHash: undefined });
  });

  it('do not delete the account of a user who has become an owner', async () => {
    const anna = await makeUser('anna');
    await changeUser(store, OPERATOR, anna.id, { isOwner: true });
    const accounts = new Accounts(store, () => undefined);
    const stale = { userName: 'anna', userId: anna.id, isOwner: false, permissions: anna.permissions };
    await expect(deleteAccount(accounts, { ...stale, apiKeyId: undefined })).rejects.toMatchObject({
      code: 'owner-account',
    });
    await accounts.close();
    expect(await findUserById(store, anna.id)).toMatchObject({ name: 'anna' });
  });

  it('do not delete the account of a user who becomes an owner while the data is being removed', async () => {
    const anna = await makeUser('anna');
    let promotions = 0;
    const slow = openHookedStore(store.url, {
      beforeStatement: async (text) => {
        if (!/select .*progress/.test(text) || promotions++ > 0) return;
        await changeUser(store, OPERATOR, anna.id, { isOwner: true });
      },
    });
    const accounts = new Accounts(slow, () => undefined);
    const { permissions } = anna;
    const principal = { userName: 'anna', userId: anna.id, isOwner: false, permissions, apiKeyId: undefined };
    await expect(deleteAccount(accounts, principal)).rejects.toMatchObject({ code: 'owner-account' });
    await accounts.close();
    await slow.close();
    expect(await findUserById(store, anna.id)).toMatchObject({ isOwner: true });
    expect(await revisionOf(anna.id)).toBe(1);
  });

  it('register one of several names that arrive alike in a header', async () => {
    const servers = stores.map((each) => new Accounts(each, () => undefined));
    const names = ['José', 'Josè', 'Josê', 'Josë'];
    const outcomes = await Promise.allSettled(
      servers.map((server, i) =>
        registerAccount(server, `198.51.100.${String(i)}`, names[i], 'a'.repeat(32)),
      ),
    );
    for (const server of servers) await server.close();
    const refusals = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
    expect(refusals).toHaveLength(3);
    for (const refusal of refusals) expect(refusal).toMatchObject({ code: 'name-taken' });
    expect(await store.db.selectFrom('user').select('id').execute()).toHaveLength(1);
    const lock = await store.db.selectFrom('user_name_lock').select('revision').executeTakeFirst();
    expect(Number(lock?.revision)).toBeGreaterThan(0);
  });

  it('that were committed, but whose answer was lost, are not made again and do not fail', async () => {
    let commits = 0;
    const unlucky = openHookedStore(store.url, {
      // The answer to every other commit is lost.
      afterCommit: () => {
        if (commits++ % 2 === 0) throw connectionLost();
      },
    });
    const firstKey = await makeFirstKey(unlucky);
    expect(firstKey).toMatch(/^[a-z2-9]{24}$/);
    const anna = await addUser(unlucky, OPERATOR, {
      name: 'anna',
      password: 'secret',
      permissions: new Set(['feature:koreader_sync']),
      isOwner: false,
    });
    expect(await findUserById(store, anna.id)).toMatchObject({ name: 'anna' });
    const key = await addApiKey(unlucky, OPERATOR, { ...KEY, userId: anna.id });
    await expect(
      addUser(unlucky, OPERATOR, {
        name: 'anna',
        password: undefined,
        permissions: new Set(),
        isOwner: false,
      }),
    ).rejects.toMatchObject({ code: 'user-exists' });
    await unlucky.close();
    const keys = await store.db.selectFrom('api_key').select('secret_sha256').orderBy('id').execute();
    expect(keys.map(({ secret_sha256 }) => secret_sha256.toString('base64'))).toEqual(
      [firstKey ?? '', key.text].map(hashOfSecret),
    );
    expect(await store.db.selectFrom('user').select('id').execute()).toHaveLength(2);
  });

  it('leave no owner without the first API key', async () => {
    const refusing = openHookedStore(store.url, {
      beforeStatement: (text) => {
        if (/insert into .api_key/.test(text)) throw new Error('refused by the test');
      },
    });
    await expect(makeFirstKey(refusing)).rejects.toThrow('refused by the test');
    await refusing.close();
    const made = await Promise.all(stores.map((each) => makeFirstKey(each)));
    expect(made.filter((text) => text !== undefined)).toHaveLength(1);
  });
});
