import { setTimeout as delay } from 'node:timers/promises';
import { CompiledQuery, Migrator, type RawBuilder, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { migrate } from '../../../../server/database/migrate.js';
import { MIGRATIONS } from '../../../../server/database/migrations/migrations.js';
import { openStore, type OpenStore } from '../../../../server/database/store.js';
import { type TestDatabase, testDatabases } from '../../../support/databases.js';
import { openHookedStore } from '../../../support/hooked-store.js';
import { runProgram, startProgram } from '../../../support/program.js';
import { positionsPage } from '../../../../server/sync/device-progress-repository.js';
import { savePushes } from '../../../../server/sync/progress-repository.js';
import { userId } from '../../../../server/domain/ids.js';
import { pushOf } from '../../../support/progress-push.js';
import { storedPositions } from '../../../support/stored-positions.js';

/** A row of the table `progress` of the release before. */
interface OldRow {
  readonly document: string;
  readonly device: string;
  readonly position: string;
  readonly arrival: number;
  readonly metadata?: string;
}

const BEFORE = '0002-sync';
/** Several pages, the last one not full. */
const MANY = 12_345;

describe.each(testDatabases())('the migration of positions on $name', ({ name: kind, create }) => {
  let database: TestDatabase;
  let store: OpenStore;
  beforeEach(async () => {
    database = await create();
    store = await openStore(database.url);
    await migrateTo(store, BEFORE);
  });
  afterEach(async () => {
    await store.close();
    await database.drop();
  });

  it('makes the newest position of each document its progress, and keeps those of the other devices', async () => {
    await savedByOldRelease(store, [
      { document: 'a', device: 'A', position: 'a1', arrival: 5, metadata: '{"title":"old"}' },
      { document: 'a', device: 'B', position: 'b1', arrival: 9 },
      { document: 'a', device: 'C', position: 'c1', arrival: 7, metadata: '{"title":"newer"}' },
      { document: 'tie', device: 'A', position: 'a', arrival: 4 },
      { document: 'tie', device: 'B', position: 'b', arrival: 4 },
      { document: 'a b', device: 'A', position: 'x', arrival: 1 },
    ]);
    await migrate(store);
    expect(await newest(store)).toEqual({ a: 'B b1', 'a b': 'A x', tie: 'B b' });
    expect(
      (await storedPositions(store)).map(({ document, position }) => `${document}: ${position}`).toSorted(),
    ).toEqual(['a b: x', 'a: a1', 'a: b1', 'a: c1', 'tie: a', 'tie: b']);
    const metadata = await store.db.selectFrom('document_metadata').selectAll().execute();
    expect(metadata.map((row) => [row.document.toString(), row.metadata.toString()])).toEqual([
      ['a', '{"title":"newer"}'],
    ]);
  });

  it('takes over what changed behind a page that had been copied', async () => {
    await savedByOldRelease(store, manyRows());
    await migrateTo(store, '0003-document-progress');
    await MIGRATIONS['0004-device-progress']?.prepare?.(store.db, store.dialect);
    await savedByOldRelease(store, [
      { document: documentOf(1), device: 'A', position: 'again', arrival: 2_000_000 },
      { document: documentOf(2), device: 'B', position: 'other', arrival: 2_000_001 },
      { document: 'zz', device: 'A', position: 'new', arrival: 2_000_002 },
    ]);
    for (const [document, device] of [
      [documentOf(3), 'A'],
      [documentOf(4), 'A'],
    ] as const) {
      await sql`delete from progress where document = ${Buffer.from(document)} and device_key = ${Buffer.from(`i${device}`)}`.execute(
        store.db,
      );
    }
    await migrate(store);
    const found = await newest(store);
    expect(Object.keys(found)).toHaveLength(MANY);
    expect([1, 2, 3, 4, 5].map((index) => found[documentOf(index)])).toEqual([
      'A again',
      'B other',
      undefined,
      // The position of the other device, which was the one before.
      'B b4',
      'A a5',
    ]);
    expect(found['zz']).toBe('A new');
  });

  it('counts on from the arrivals of the release before, although the clock has stepped back meanwhile', async () => {
    const ahead = kind === 'mysql' ? Date.now() * 1000 + 7_200_000_000 : 5000;
    await savedByOldRelease(store, [
      { document: 'by content', device: 'A', position: 'old', arrival: ahead },
      { document: 'replaced', device: 'A', position: 'first', arrival: ahead + 1 },
    ]);
    if (kind === 'sqlite') await sql`update arrival_counter set last_arrival = 5001`.execute(store.db);
    await migrateTo(store, '0003-document-progress');
    await MIGRATIONS['0004-device-progress']?.prepare?.(store.db, store.dialect);
    // After its page was copied, by a clock that has stepped back.
    await savedByOldRelease(store, [
      { document: 'replaced', device: 'A', position: 'second', arrival: ahead - 3_600_000_000 },
    ]);
    await migrate(store);
    expect((await newest(store))['replaced']).toBe('A second');
    // Another document of the same book.
    await savePushes(store, { pushes: [{ push: pushOf('by name', 'B', 'new'), arrivalIndex: 0 }] });
    const documents = ['by content', 'by name'].map((name) => pushOf(name, '', '').document);
    const page = await positionsPage(store, userId(7), documents, { after: undefined, limit: 10 });
    expect(page.map(({ position }) => position)).toEqual(['new', 'old']);
  });

  it('ends as it would have when it is interrupted before any of its statements', async () => {
    const rows = manyRows().slice(0, 60);
    await savedByOldRelease(store, rows);
    let interruptions = 0;
    // SQLite rolls the whole migration back, so there are few states to continue from.
    for (; ; interruptions += kind === 'sqlite' ? 8 : 1) {
      let statements = 0;
      const stopped = openHookedStore(database.url, {
        beforeStatement: () => {
          if (statements++ >= interruptions) throw new Error('interrupted by the test');
        },
      });
      const outcome: unknown = await migrate(stopped).catch((error: unknown) => error);
      await stopped.close();
      if (!(outcome instanceof Error)) break;
      expect(outcome.message).toContain('interrupted by the test');
    }
    expect(interruptions).toBeGreaterThan(10);
    const found = await newest(store);
    expect(Object.entries(found)).toHaveLength(40);
    expect([found[documentOf(4)], found[documentOf(5)]]).toEqual(['A a4', 'A a5']);
    expect(await storedPositions(store)).toHaveLength(rows.length);
  });

  it('loses no push that the release before acknowledges meanwhile, although it is killed twice', async () => {
    await savedByOldRelease(store, manyRows());
    const acknowledged = new Map<string, string>();
    const over = new AbortController();
    onTestFinished(() => over.abort());
    let refusals = 0;
    const fleet = Array.from({ length: 4 }, async (_none, client) => {
      for (let round = 0; !over.signal.aborted; round++) {
        const document = documentOf(((round * 4 + client) * 7) % MANY);
        const row = {
          document,
          device: `D${String(client)}`,
          position: `${String(client)} ${String(round)}`,
          arrival: 3_000_000 + round * 4 + client,
        };
        try {
          await savedByOldRelease(store, [row]);
          acknowledged.set(document, row.position);
        } catch {
          refusals++;
          await delay(20);
        }
      }
    });
    const migration = ['migrate', '--database', database.url];
    // In the middle of the copy, and when the table has its new name or soon will.
    for (const moment of [
      sql`select 1 from document_progress limit 1`,
      sql`select 1 from device_progress limit 1`,
    ]) {
      const program = startProgram(migration);
      const ended = new AbortController();
      void program.result.then(() => ended.abort());
      while (!ended.signal.aborted && !(await hasRows(moment))) await delay(1);
      program.send('SIGKILL');
      await program.result;
    }
    expect(await runProgram(migration)).toMatchObject({ exitCode: 0 });
    await delay(100);
    over.abort();
    await Promise.all(fleet);
    expect(acknowledged.size).toBeGreaterThan(10);
    // The release before cannot write any more.
    expect(refusals).toBeGreaterThan(0);
    const found = await newest(store);
    for (const [document, position] of acknowledged) expect(found[document]?.slice(3)).toBe(position);
    expect(Object.keys(found)).toHaveLength(MANY);
  });

  /** `false` also when the table does not exist. */
  function hasRows(query: RawBuilder<unknown>): Promise<boolean> {
    return query.execute(store.db).then(
      ({ rows }) => rows.length > 0,
      () => false,
    );
  }

  /** Each document with two devices, of which `A` pushed last. */
  function manyRows(): readonly OldRow[] {
    return Array.from({ length: MANY }, (_none, index) => [
      { document: documentOf(index), device: 'A', position: `a${String(index)}`, arrival: 1_000_000 + index },
      ...(index % 2 === 0
        ? [{ document: documentOf(index), device: 'B', position: `b${String(index)}`, arrival: index }]
        : []),
    ]).flat();
  }

  /** In one commit, as the release before writes it. */
  async function savedByOldRelease({ db }: OpenStore, rows: readonly OldRow[]): Promise<void> {
    const columns = ['device_name', 'position', 'percentage', 'metadata', 'pushed_ms', 'arrival'];
    const collision =
      kind === 'mysql'
        ? `on duplicate key update ${columns.map((column) => `${column} = values(${column})`).join(', ')}`
        : `on conflict (user_id, document, device_key) do update set ${columns.map((column) => `${column} = excluded.${column}`).join(', ')}`;
    await db.transaction().execute(async (transaction) => {
      for (let start = 0; start < rows.length; start += 500) {
        const part = rows.slice(start, start + 500);
        const cells = part.flatMap(({ document, device, position, arrival, metadata }) => [
          7,
          Buffer.from(document),
          Buffer.from(`i${device}`),
          Buffer.from('Kobo'),
          Buffer.from(position),
          0.5,
          metadata === undefined ? null : Buffer.from(metadata),
          1,
          arrival,
        ]);
        const values = part.map(() => '(?, ?, ?, ?, ?, ?, ?, ?, ?)').join();
        await transaction.executeQuery(
          CompiledQuery.raw(
            `insert into progress (user_id, document, device_key, device_name, position, percentage, metadata, pushed_ms, arrival) values ${values} ${collision}`,
            cells,
          ),
        );
      }
    });
  }
});

function documentOf(index: number): string {
  return `d${String(index).padStart(6, '0')}`;
}

/** By document: the device and its position. */
async function newest({ db }: OpenStore): Promise<Record<string, string>> {
  const rows = await db.selectFrom('document_progress').selectAll().execute();
  return Object.fromEntries(
    rows.map((row) => [
      row.document.toString(),
      `${row.device_key.toString().slice(1)} ${row.position.toString()}`,
    ]),
  );
}

async function migrateTo({ db, dialect }: OpenStore, last: string): Promise<void> {
  const names = Object.keys(MIGRATIONS);
  const migrator = new Migrator({
    db,
    provider: {
      getMigrations: () =>
        Promise.resolve(
          Object.fromEntries(
            names.slice(0, names.indexOf(last) + 1).map((name) => [
              name,
              {
                up: async (each) => {
                  await MIGRATIONS[name]?.up(each, dialect);
                },
              },
            ]),
          ),
        ),
    },
    migrationTableName: 'schema_migration',
    migrationLockTableName: 'schema_migration_lock',
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw new Error('the test is wrong', { cause: error });
}
