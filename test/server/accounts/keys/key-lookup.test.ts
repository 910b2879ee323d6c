import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Accounts } from '../../../../server/accounts/accounts.js';
import { addUser } from '../../../../server/accounts/add-user.js';
import { addApiKey } from '../../../../server/accounts/keys/add-api-key.js';
import { findApiKeyCalled } from '../../../../server/accounts/keys/find-api-key.js';
import { insertApiKey } from '../../../../server/accounts/keys/api-key-repository.js';
import { hashOfSecret } from '../../../../server/accounts/keys/api-key-secret.js';
import { listApiKeys } from '../../../../server/accounts/keys/list-api-keys.js';
import { migrate } from '../../../../server/database/migrate.js';
import { OPERATOR } from '../../../../server/domain/actor.js';
import type { UserId } from '../../../../server/domain/ids.js';
import type { Permission } from '../../../../server/domain/permission.js';
import { testDatabases } from '../../../support/databases.js';
import { openTestStore, type TestStore } from '../../../support/open-test-store.js';

const SYNC: ReadonlySet<Permission> = new Set<Permission>(['feature:koreader_sync']);
const ORIGIN = { clientAddress: '192.0.2.1' };
const SECRET = 'abcdefghjkmnpqrstuvwxyz234';
const OTHER_SECRET = '432zyxwvutsrqpnmkjhgfedcba';

describe.each(testDatabases())('looking up API keys on $name', (kind) => {
  let store: TestStore;
  let anna: UserId;
  let accounts: Accounts;

  beforeEach(async () => {
    store = await openTestStore(kind);
    const user = { name: 'anna', password: undefined, permissions: SYNC, isOwner: false };
    ({ id: anna } = await addUser(store, OPERATOR, user));
    accounts = new Accounts(store, () => undefined);
  });

  afterEach(async () => {
    await accounts.close();
    await store.close();
  });

  /** As the release before does it, whose keys are `dogear_<prefix>_<secret>`. */
  const insertOlder = (prefix: string, secret: string) =>
    sql`insert into api_key (user_id, name, prefix, secret_sha256, permissions, created_s)
      values (${anna}, ${`older ${prefix}`}, ${prefix}, ${createHash('sha256').update(secret).digest()},
        'feature:koreader_sync', 1)`.execute(store.db);

  const insertNewer = async (text: string) => {
    const id = await insertApiKey(store, {
      userId: anna,
      name: text.slice(-1),
      prefix: text.slice(0, 4),
      secretHash: hashOfSecret(text),
      permissions: SYNC,
      expiresSeconds: undefined,
    });
    if (id === undefined) throw new Error('the test is wrong');
    return id;
  };

  const login = async (text: string): Promise<string> => {
    try {
      return (await accounts.authenticator.byApiKey(text, ORIGIN)).userName;
    } catch (error) {
      return error instanceof Error ? error.message : 'no error';
    }
  };
  const refused = 'These credentials are not valid.';

  it('finds keys that the release before has made, before the migration and while it still runs', async () => {
    const table = sql.raw(store.dialect === 'mysql' ? 'on api_key' : '');
    await sql`drop index api_key_secret ${table}`.execute(store.db);
    await sql`delete from schema_migration where name >= '0008-api-key-lookup'`.execute(store.db);
    await insertOlder('abcdef', SECRET);
    expect((await migrate(store)).applied).toContain('0008-api-key-lookup');
    await insertOlder('fedcba', OTHER_SECRET);
    for (const text of [`dogear_abcdef_${SECRET}`, `dogear_fedcba_${OTHER_SECRET}`]) {
      // Read from the database, then from the cache.
      expect(await login(text)).toBe('anna');
      expect(await login(text)).toBe('anna');
    }
  });

  it('accepts nothing that is only a part of a key, or of two keys', async () => {
    await insertOlder('abcdef', SECRET);
    await insertOlder('fedcba', OTHER_SECRET);
    const { text } = await addApiKey(store, OPERATOR, {
      userId: anna,
      name: 'Kobo',
      permissions: SYNC,
      expiresSeconds: undefined,
    });
    const wrong = [
      SECRET,
      `dogear_fedcba_${SECRET}`,
      `dogear_abcdef_${OTHER_SECRET}`,
      SECRET.slice(0, 24),
      `dogear_${text.slice(0, 6)}_${text}22`,
      text.toUpperCase(),
      `${text.slice(0, -1)}${text.endsWith('2') ? '3' : '2'}`,
    ];
    const all = async () => {
      for (const each of wrong) expect([each, await login(each)]).toEqual([each, refused]);
    };
    await all();
    for (const right of [text, `dogear_abcdef_${SECRET}`, `dogear_fedcba_${OTHER_SECRET}`]) {
      expect(await login(right)).toBe('anna');
    }
    // The keys are in the cache now.
    await all();
  });

  it('tells keys apart that begin alike, and lists each with its first characters', async () => {
    const one = 'abcd22222222222222222222';
    const other = 'abcd33333333333333333333';
    const ids = [await insertNewer(one), await insertNewer(other)];
    await insertOlder('abcdef', SECRET);
    const { items } = await listApiKeys(store, OPERATOR, anna, { after: undefined, limit: 10 });
    expect(items.map(({ prefix }) => prefix)).toEqual(['abcd', 'abcd', 'abcdef']);
    expect(await login(one)).toBe('anna');
    expect(await login(other)).toBe('anna');
    const found = async (called: string) => (await findApiKeyCalled(store, called)).id;
    expect(await found(one)).toBe(ids[0]);
    expect(await found(String(ids[1]))).toBe(ids[1]);
    expect(await found('abcdef')).toBe(items[2]?.id);
    expect(await found('dogear_abcdef_***')).toBe(items[2]?.id);
    await expect(found('abcd')).rejects.toThrow(
      `Several API keys begin with abcd; name one by its id: ${String(ids[0])} ("2"), ${String(ids[1])} ("3").`,
    );
    await insertNewer('wxyz22222222222222222222');
    expect(await found('wxyz…')).toBeGreaterThan(Number(ids[1]));
    await expect(found(`dogear_fedcba_${SECRET}`)).rejects.toMatchObject({ code: 'api-key-not-found' });
  });

  it('refuses a second key with the same secret', async () => {
    const text = 'abcd22222222222222222222';
    await insertNewer(text);
    await expect(insertNewer(text)).rejects.toThrow('the test is wrong');
  });

  it('finds nothing for a user who was disabled, as for every key', async () => {
    await insertOlder('abcdef', SECRET);
    await store.db.updateTable('user').set({ is_disabled: 1 }).where('id', '=', anna).execute();
    expect(await login(`dogear_abcdef_${SECRET}`)).toBe(refused);
  });
});
