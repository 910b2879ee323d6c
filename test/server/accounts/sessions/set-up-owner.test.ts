import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Accounts } from '../../../../server/accounts/accounts.js';
import { addUser } from '../../../../server/accounts/add-user.js';
import {
  type ConsoleLink,
  makeConsoleLink,
  makeSetupLink,
} from '../../../../server/accounts/sessions/console-link.js';
import { setPassword } from '../../../../server/accounts/set-password.js';
import { setUpOwner } from '../../../../server/accounts/sessions/set-up-owner.js';
import { signInWithLink } from '../../../../server/accounts/sessions/start-session.js';
import { openStore, type OpenStore, type Store } from '../../../../server/database/store.js';
import { OPERATOR } from '../../../../server/domain/actor.js';
import { testDatabases } from '../../../support/databases.js';
import { connectionLost, openHookedStore } from '../../../support/hooked-store.js';
import { openTestStore, type TestStore } from '../../../support/open-test-store.js';

const SIGN_IN = { clientAddress: '198.51.100.1', browser: undefined };

describe.each(testDatabases())('links into the console on $name', (kind) => {
  let store: TestStore;
  let others: OpenStore[];
  let servers: Accounts[];

  beforeEach(async () => {
    store = await openTestStore(kind);
    others = [await openStore(store.url), await openStore(store.url)];
    servers = others.map((each) => new Accounts(each, () => undefined));
  });

  afterEach(async () => {
    for (const server of servers) await server.close();
    for (const other of others) await other.close();
    await store.close();
  });

  /** A server on the database whose next commit is answered with a lost connection. */
  function serverThatLosesAnAnswer(): Accounts {
    let isLost = false;
    const hooked = openHookedStore(store.url, {
      afterCommit: () => {
        if (isLost) return;
        isLost = true;
        throw connectionLost();
      },
    });
    others.push(hooked);
    const server = new Accounts(hooked, () => undefined);
    servers.push(server);
    return server;
  }

  const setupToken = async () => tokenOf(await makeSetupLink(store));
  const users = () => store.db.selectFrom('user').select(['name', 'is_owner']).execute();
  const codesOf = (outcomes: readonly PromiseSettledResult<unknown>[]) =>
    outcomes
      .map((each) => (each.status === 'rejected' ? (each.reason as { code: string }).code : 'done'))
      .toSorted();

  it('one of several browsers at two servers becomes the owner', async () => {
    const tokens = [await setupToken(), await setupToken(), await setupToken()];
    const outcomes = await Promise.allSettled(
      Array.from({ length: 6 }, (_, i) => {
        const setup = { token: tokens[i % 3] ?? '', name: `owner ${String(i)}`, password: 'pw' };
        return setUpOwner(servers[i % 2] ?? raise(), setup, SIGN_IN);
      }),
    );
    expect(codesOf(outcomes)).toEqual(['done', ...Array<string>(5).fill('owner-exists')]);
    expect(await users()).toHaveLength(1);
    expect(await store.db.selectFrom('session').select('id').execute()).toHaveLength(1);
    expect(await store.db.selectFrom('console_link').select('id').execute()).toEqual([]);
    expect(await makeSetupLink(store)).toBeUndefined();
    // What is single is written: a lock that is only read admits two in a cluster.
    const claim = await store.db.selectFrom('owner_claim').select('revision').executeTakeFirst();
    expect(Number(claim?.revision)).toBeGreaterThan(0);
  });

  it('an owner is made once, although the answer to the commit is lost', async () => {
    const setup = { token: await setupToken(), name: 'anna', password: 'pw' };
    const { session } = await setUpOwner(serverThatLosesAnAnswer(), setup, SIGN_IN);
    expect(session.via).toBe('password');
    expect(await users()).toEqual([{ name: 'anna', is_owner: 1 }]);
  });

  it('a link signs in one of several browsers, also when the answer to its commit is lost', async () => {
    await addUser(store, OPERATOR, { name: 'anna', password: 'pw', permissions: new Set(), isOwner: true });
    const token = tokenOf(await makeConsoleLink(store, undefined));
    const outcomes = await Promise.allSettled(
      Array.from({ length: 6 }, (_, i) => signInWithLink(servers[i % 2] ?? raise(), token, SIGN_IN)),
    );
    expect(codesOf(outcomes)).toEqual(['done', ...Array<string>(5).fill('link-invalid')]);
    const second = tokenOf(await makeConsoleLink(store, 'anna'));
    const server = serverThatLosesAnAnswer();
    const { secret } = await signInWithLink(server, second, SIGN_IN);
    expect(await server.authenticator.bySession(secret, SIGN_IN)).toMatchObject({ userName: 'anna' });
    await expect(signInWithLink(server, second, SIGN_IN)).rejects.toMatchObject({ code: 'link-invalid' });
    expect(await store.db.selectFrom('session').select('via').execute()).toEqual([
      { via: 'link' },
      { via: 'link' },
    ]);
  });

  it('a link is void with a new password, and when its user is no owner any more', async () => {
    const anna = await addUser(store, OPERATOR, {
      name: 'anna',
      password: 'pw',
      permissions: new Set(),
      isOwner: true,
    });
    const [server = raise()] = servers;
    const first = tokenOf(await makeConsoleLink(store, 'anna'));
    await setPassword(store, OPERATOR, anna.id, 'another');
    await expect(signInWithLink(server, first, SIGN_IN)).rejects.toMatchObject({ code: 'link-invalid' });
    const second = tokenOf(await makeConsoleLink(store, 'anna'));
    await store.db.updateTable('user').set({ is_owner: 0 }).where('id', '=', anna.id).execute();
    await expect(signInWithLink(server, second, SIGN_IN)).rejects.toMatchObject({ code: 'link-invalid' });
  });

  it('links are bounded: the oldest of a hundred are forgotten', async () => {
    const first = await setupToken();
    for (let i = 0; i < 100; i++) await setupToken();
    expect(await store.db.selectFrom('console_link').select('id').execute()).toHaveLength(100);
    const [server = raise()] = servers;
    const setup = { name: 'anna', password: 'pw' };
    await expect(setUpOwner(server, { ...setup, token: first }, SIGN_IN)).rejects.toMatchObject({
      code: 'link-invalid',
    });
    await setUpOwner(server, { ...setup, token: await setupToken() }, SIGN_IN);
  });

  it('links that have expired are refused, and deleted when the next one is made', async () => {
    const token = await setupToken();
    await expire(store);
    const [server = raise()] = servers;
    const setup = { token, name: 'anna', password: 'pw' };
    await expect(setUpOwner(server, setup, SIGN_IN)).rejects.toMatchObject({ code: 'link-invalid' });
    await setupToken();
    expect(await store.db.selectFrom('console_link').select('id').execute()).toHaveLength(1);
  });

  it('nothing of a token or of the secret of a session is stored', async () => {
    const token = await setupToken();
    const [server = raise()] = servers;
    const links = JSON.stringify(await store.db.selectFrom('console_link').selectAll().execute());
    const { secret } = await setUpOwner(server, { token, name: 'anna', password: 'pw' }, SIGN_IN);
    const rows = JSON.stringify(await store.db.selectFrom('session').selectAll().execute());
    for (const [text, stored] of [
      [token, links],
      [secret, rows],
    ] as const) {
      expect(stored).not.toContain(text);
      expect(stored).not.toContain(JSON.stringify([...Buffer.from(text, 'base64url')]));
      expect(stored).not.toContain(JSON.stringify([...Buffer.from(text)]));
    }
  });
});

function tokenOf(link: ConsoleLink | undefined): string {
  return link?.token ?? raise();
}

function raise(): never {
  throw new Error('there is none');
}

async function expire({ db }: Store): Promise<void> {
  await db
    .updateTable('console_link')
    .set({ expires_s: Math.floor(Date.now() / 1000) })
    .execute();
}
