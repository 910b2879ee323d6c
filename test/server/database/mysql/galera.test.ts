import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addUser } from '../../../../server/accounts/add-user.js';
import { changeUser } from '../../../../server/accounts/change-user.js';
import { addApiKey } from '../../../../server/accounts/keys/add-api-key.js';
import { newApiKey } from '../../../../server/accounts/keys/api-key-secret.js';
import { beginPass } from '../../../../server/book/metadata-pass-repository.js';
import { isTransactionTooLarge } from '../../../../server/database/database-error.js';
import { migrate } from '../../../../server/database/migrate.js';
import { MIGRATIONS } from '../../../../server/database/migrations/migrations.js';
import { openStore, type OpenStore } from '../../../../server/database/store.js';
import { retrying } from '../../../../server/database/transaction.js';
import { OPERATOR } from '../../../../server/domain/actor.js';
import type { ScanId } from '../../../../server/domain/ids.js';
import { insertLibrary } from '../../../../server/library/library-repository.js';
import type { Library } from '../../../../server/library/library.js';
import { acquireScan } from '../../../../server/scan/scan-lease.js';
import { finishScan } from '../../../../server/scan/scan-repository.js';
import { NO_COUNTS, WHOLE_LIBRARY } from '../../../../server/scan/scan.js';
import { SyncStore } from '../../../../server/sync/sync-store.js';
import { type GaleraCluster, startGaleraCluster } from '../../../support/galera-cluster.js';
import { pushOf } from '../../../support/progress-push.js';

/** Three nodes that all take writes, and a Dogear's store on each of two of them. `npm run test:cluster` has the faults. */
describe('two servers on two nodes of Galera', () => {
  let cluster: GaleraCluster;
  let stores: readonly [OpenStore, OpenStore];
  let applied: readonly string[];
  beforeAll(async () => {
    cluster = await startGaleraCluster(3);
    await cluster.nodes[0]?.run('create database books');
    const [first, second] = cluster.nodes;
    if (first === undefined || second === undefined) throw new Error('there are three nodes');
    stores = [
      await openStore(cluster.url('books', [first])),
      await openStore(cluster.url('books', [second])),
    ];
    const reports = await Promise.all([...stores, ...stores].map((store) => migrate(store)));
    applied = reports.flatMap((report) => report.applied);
  });
  afterAll(async () => {
    for (const store of stores) await store.close();
    await cluster.remove();
  });

  /** Does the same on both nodes at once. @returns how many succeeded, and the codes with which the others were refused */
  async function onBoth(work: (store: OpenStore, index: number) => Promise<unknown>): Promise<string> {
    const outcomes = await Promise.allSettled(stores.map(work));
    const codes = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [String((outcome.reason as { code?: unknown }).code)] : [],
    );
    return [String(outcomes.length - codes.length), ...codes].join(' ');
  }

  it('apply each migration once', () => {
    expect(applied).toEqual(Object.keys(MIGRATIONS));
  });

  it('begin one scan of a library at a time, 50 times', async () => {
    const library = await makeLibrary();
    const outcomes: string[] = [];
    const begun: ScanId[] = [];
    for (let round = 0; round < 50; round++) {
      outcomes.push(
        await onBoth(async (store) => {
          const scan = await acquireScan(store, library, WHOLE_LIBRARY, { regenHashes: false });
          begun.push(scan.scanId);
        }),
      );
      for (const id of begun.splice(0))
        await retrying(() => finishScan(stores[0], id, 'completed', NO_COUNTS));
    }
    expect(new Set(outcomes)).toEqual(new Set(['1 scan-running']));
  });

  it('begin one pass over the metadata of a library', async () => {
    for (let round = 0; round < 10; round++) {
      const { id } = await makeLibrary();
      const hasBegun = await Promise.all(
        stores.map((store, index) => retrying(() => beginPass(store, id, `runner ${String(index)}`, 60_000))),
      );
      expect(hasBegun.filter(Boolean)).toHaveLength(1);
    }
  });

  it('leave an owner, and never make more API keys than a user may have', async () => {
    const none = { password: undefined, permissions: new Set<never>(), isOwner: true };
    for (let round = 0; round < 10; round++) {
      const owners = await Promise.all(
        stores.map((store) => addUser(store, OPERATOR, { name: unique(), ...none })),
      );
      // The other owners of the round before.
      await sql`update user set is_owner = 0 where id not in (${sql.join(owners.map(({ id }) => id))})`.execute(
        stores[0].db,
      );
      const outcome = await onBoth((store, index) =>
        changeUser(store, OPERATOR, owners[index]?.id ?? owners[0]?.id ?? missing(), { isOwner: false }),
      );
      expect(outcome).toBe('1 last-owner');
    }
    const { id } = await addUser(stores[0], OPERATOR, { name: unique(), ...none });
    const rows = Array.from({ length: 199 }, () => newApiKey()).map(({ text, secretHash }) => ({
      user_id: id,
      name: 'k',
      prefix: text.slice(0, 16),
      secret_sha256: Buffer.from(secretHash, 'base64'),
      permissions: '',
      created_s: 0,
    }));
    await stores[0].db.insertInto('api_key').values(rows).execute();
    const key = { userId: id, name: 'k', permissions: new Set<never>(), expiresSeconds: undefined };
    expect(await onBoth((store) => addApiKey(store, OPERATOR, key))).toBe('1 api-keys-at-limit');
  });

  it('answer no pull with a state from before a push that the other one acknowledged', async () => {
    const servers = stores.map((store) => new SyncStore(store));
    const positions: string[] = [];
    // All batches collide: each commit may fail, and is tried again.
    await Promise.all(
      Array.from({ length: 8 }, async (_, reader) => {
        for (let page = 1; page <= 40; page++) {
          const document = `document ${String(reader)}`;
          const [here, there] = (page + reader) % 2 === 0 ? servers : servers.toReversed();
          const push = pushOf(document, `device ${String(page % 2)}`, String(page));
          await here?.pushes.push(push);
          const found = await there?.pulls.pull({ userId: push.userId, document: push.document });
          positions.push(`${String(page)} ${String(found?.position)}`);
        }
      }),
    );
    expect(positions.filter((text) => !/^(\d+) \1$/.test(text))).toEqual([]);
    expect(positions).toHaveLength(320);
  });

  it('are told by the error that a transaction is too large', async () => {
    const [{ db }] = stores;
    await sql`create or replace table large (id int primary key, bytes longblob)`.execute(db);
    const first = cluster.nodes[0];
    const errors: unknown[] = [];
    for (const [limit, usual] of [
      ['wsrep_max_ws_size = 65536', 'wsrep_max_ws_size = 2147483647'],
      ['wsrep_max_ws_rows = 2', 'wsrep_max_ws_rows = 0'],
    ]) {
      await first?.run(`set global ${String(limit)}`);
      errors.push(
        await sql`insert into large values (1, ''), (2, ''), (3, repeat('x', 200000))`
          .execute(db)
          .catch((error: unknown) => error),
      );
      await first?.run(`set global ${String(usual)}`);
    }
    expect(errors.map(isTransactionTooLarge)).toEqual([true, true]);
  });

  async function makeLibrary(): Promise<Library> {
    const name = unique();
    const library = await insertLibrary(stores[0], {
      name,
      root: Buffer.from(`/${name}`),
      extensions: undefined,
      koreaderHashes: true,
    });
    return library ?? missing();
  }
});

/** A test that is tried again needs names of its own. */
function unique(): string {
  return randomBytes(8).toString('hex');
}

function missing(): never {
  throw new Error('it was not made');
}
