import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { parseDocument } from '../../../../../server/domain/document.js';
import { libraryId, userId } from '../../../../../server/domain/ids.js';
import { removeUser } from '../../../../../server/removal/remove-user.js';
import { NO_COUNTS, WHOLE_LIBRARY } from '../../../../../server/scan/scan.js';
import { finishScan, insertScan, renewLease } from '../../../../../server/scan/scan-repository.js';
import { SyncStore } from '../../../../../server/sync/sync-store.js';
import { bookFolder } from '../../../../support/book-folder.js';
import { testDatabases } from '../../../../support/databases.js';
import { pushOf } from '../../../../support/progress-push.js';
import { description, valueProblem } from './api-answers.js';
import { type ApiServer, type Caller, type Json, startApiServer } from './api-server.js';

const LEASE_MS = 60_000;
const SYNC = ['feature:koreader_sync', 'feature:api_keys'] as const;
const TOPICS = ['progress', 'devices', 'api_keys', 'libraries', 'users'];

describe.each(testDatabases())('what has changed, on $name,', (kind) => {
  let server: ApiServer;
  let owner: Caller;
  let ana: Caller;
  let bob: Caller;
  const statements: string[] = [];
  const schema = eventSchema();

  beforeAll(async () => {
    server = await startApiServer(kind, {
      hooks: { beforeStatement: (text) => void statements.push(text) },
    });
    owner = await server.caller({ isOwner: true });
    ana = await server.caller({ permissions: SYNC });
    bob = await server.caller({ permissions: SYNC });
    // The first use of a key is written a moment later, which is a change of its own.
    for (const caller of [owner, ana, bob]) {
      await caller.expect(200, 'GET', '/me');
      await vi.waitUntil(async () => !(await lastUses(caller)).includes(null), { timeout: 20_000 });
    }
  });

  afterAll(() => server.close());

  const lastUses = async (caller: Caller): Promise<readonly (number | null)[]> => {
    const rows = await server.store.db
      .selectFrom('api_key')
      .select('last_used_s')
      .where('user_id', '=', userId(caller.userId))
      .execute();
    return rows.map((row) => (row.last_used_s === null ? null : Number(row.last_used_s)));
  };

  /** The first event of a new stream. */
  async function now(caller: Caller): Promise<Json> {
    const { status, text } = await caller.call('GET', '/changes');
    const [, data = ''] = /^event: state\nid: 1\ndata: (\{.*\})\n\n$/.exec(text) ?? [];
    expect([status, data]).toEqual([200, expect.stringMatching(/^\{/)]);
    const state: Json = JSON.parse(data);
    expect(valueProblem(schema, state, 'event')).toBeUndefined();
    return state;
  }

  const differing = (left: Json, right: Json): readonly string[] =>
    TOPICS.filter((topic) => left.versions[topic] !== right.versions[topic]);

  /** A push of another server of the same database. */
  async function pushElsewhere(caller: Caller, text: string, device: string): Promise<void> {
    const document = parseDocument(text);
    if (document === undefined) throw new Error('no document');
    const sync = new SyncStore(server.store);
    const push = { ...pushOf(text, device, 'here'), userId: userId(caller.userId), pushedMs: Date.now() };
    await sync.pushes.push(push, performance.now());
    await sync.changes.close();
  }

  const device = (name: string): string => Buffer.from(`i${name}`).toString('base64url');

  interface Change {
    readonly name: string;
    readonly before?: () => Promise<unknown>;
    readonly act: () => Promise<unknown>;
    /** What changes for the user whom it concerns, and for the owner. */
    readonly topics: readonly string[];
    /** What changes for the owner alone. */
    readonly forOwner?: readonly string[];
  }

  const changes: readonly Change[] = [
    {
      name: 'a push of a new device',
      act: () => pushElsewhere(ana, 'first', 'Kobo'),
      topics: ['progress', 'devices'],
    },
    {
      name: 'a push of a known device',
      act: () => pushElsewhere(ana, 'first', 'Kobo'),
      topics: ['progress', 'devices'],
    },
    {
      name: 'a new friendly name',
      act: () => ana.expect(200, 'PATCH', `/devices/${device('Kobo')}`, { friendly_name: 'Clara' }),
      topics: ['devices'],
    },
    {
      name: 'a device that is forgotten',
      act: () => ana.expect(204, 'DELETE', `/devices/${device('Kobo')}`),
      topics: ['devices'],
    },
    {
      name: 'a position that is deleted, and is not the newest',
      before: () => pushElsewhere(ana, 'first', 'Boox'),
      act: () => ana.expect(204, 'DELETE', `/progress/first/positions/${device('Kobo')}`),
      topics: ['progress'],
    },
    {
      name: 'the newest position that is deleted',
      act: () => ana.expect(204, 'DELETE', `/progress/first/positions/${device('Boox')}`),
      topics: ['progress'],
    },
    {
      name: 'a new key',
      act: () => ana.expect(201, 'POST', '/api-keys', { name: 'k', permissions: [] }),
      topics: ['api_keys'],
    },
    {
      name: 'the first use of a key',
      act: async () => {
        const { key } = await ana.expect(201, 'POST', '/api-keys', { name: 'used', permissions: [] });
        const before = await now(ana);
        await server.withKey(key as string).expect(200, 'GET', '/me');
        await expect
          .poll(async () => differing(before, await now(ana)), { timeout: 20_000 })
          .toEqual(['api_keys']);
      },
      topics: ['api_keys'],
    },
    {
      name: 'a revoked key',
      act: async () => {
        const { items } = await ana.expect(200, 'GET', '/api-keys');
        await ana.expect(204, 'DELETE', `/api-keys/${String(items.at(-1).id)}`);
      },
      topics: ['api_keys'],
    },
    {
      name: 'a user who is changed',
      act: () => owner.expect(200, 'PATCH', `/users/${String(ana.userId)}`, { permissions: SYNC }),
      topics: ['users'],
    },
    {
      name: 'a user with a new name',
      act: () => owner.expect(200, 'PATCH', `/users/${String(ana.userId)}`, { name: 'Ana María' }),
      topics: ['users'],
    },
    {
      name: 'a new password',
      act: () => owner.expect(204, 'PUT', `/users/${String(ana.userId)}/password`, { password: 'new' }),
      topics: ['users'],
    },
    {
      name: 'a new user',
      act: () => owner.expect(201, 'POST', '/users', { name: 'carla', permissions: [] }),
      topics: [],
      forOwner: ['users'],
    },
    {
      name: 'a user who is removed',
      act: async () => {
        const { items } = await owner.expect(200, 'GET', '/users?limit=200');
        const { id } = (items as Json[]).find(({ name }) => name === 'carla');
        await owner.expect(204, 'DELETE', `/users/${String(id)}`);
      },
      topics: [],
      forOwner: ['progress', 'devices', 'api_keys', 'users'],
    },
  ];

  it.each(changes)('$name is seen by its user and by the owner, and by nobody else', async (change) => {
    await change.before?.();
    const [ofAna, ofOwner, ofBob] = [await now(ana), await now(owner), await now(bob)];
    await change.act();
    expect(differing(ofAna, await now(ana))).toEqual(change.topics);
    expect(differing(ofOwner, await now(owner))).toEqual(change.forOwner ?? change.topics);
    expect(differing(ofBob, await now(bob))).toEqual([]);
  });

  it('libraries that are added, changed, restricted, scanned and removed are seen by those who may see them', async () => {
    const folder = await bookFolder({ 'a.epub': 'a' });
    let library = 0;
    const path = (): string => `/libraries/${String(library)}`;
    const scan = async (): Promise<void> => {
      const { id } = await owner.expect(201, 'POST', `${path()}/scans`);
      await expect
        .poll(() => owner.expect(200, 'GET', `/scans/${String(id)}`), { timeout: 20_000 })
        .toMatchObject({ state: 'completed' });
    };
    const steps: readonly (readonly [string, () => Promise<unknown>, boolean])[] = [
      [
        'added',
        async () => {
          ({ id: library } = await owner.expect(201, 'POST', '/libraries', { name: 'l', root: folder.path }));
        },
        true,
      ],
      ['renamed', () => owner.expect(200, 'PATCH', path(), { name: 'm' }), true],
      ['scanned', scan, true],
      ['restricted', () => owner.expect(200, 'PATCH', path(), { restricted: true }), true],
      ['renamed while hidden', () => owner.expect(200, 'PATCH', path(), { name: 'n' }), false],
      ['scanned while hidden', scan, false],
      ['given to bob', () => owner.expect(204, 'PUT', `${path()}/readers/${String(bob.userId)}`), false],
      ['given to ana', () => owner.expect(204, 'PUT', `${path()}/readers/${String(ana.userId)}`), true],
      ['renamed', () => owner.expect(200, 'PATCH', path(), { name: 'o' }), true],
      ['taken away', () => owner.expect(204, 'DELETE', `${path()}/readers/${String(ana.userId)}`), true],
      ['removed', () => owner.expect(200, 'DELETE', path()), false],
    ];
    for (const [name, act, isSeen] of steps) {
      const [ofAna, ofOwner] = [await now(ana), await now(owner)];
      await act();
      // The end of a scan is told a moment after it.
      await expect
        .poll(async () => differing(ofOwner, await now(owner)), { timeout: 20_000 })
        .toEqual(['libraries']);
      expect([name, differing(ofAna, await now(ana))]).toEqual([name, isSeen ? ['libraries'] : []]);
    }
  });

  it('scans are shown to those who may see them, and until ten seconds after their end', async () => {
    const watcher = await server.caller({ permissions: ['library:scan'] });
    const scanOf = async (restricted: boolean) => {
      const { path: root } = await bookFolder();
      const { id } = await owner.expect(201, 'POST', '/libraries', {
        name: root.slice(-40),
        root,
        restricted,
      });
      return insertScan(server.store, {
        libraryId: libraryId(id as number),
        shard: WHOLE_LIBRARY,
        regenSinceMs: undefined,
        runner: 'elsewhere 0 0 1 1',
        leaseMs: LEASE_MS,
      });
    };
    const [open, hidden] = [await scanOf(false), await scanOf(true)];
    const shown = async (caller: Caller): Promise<readonly unknown[]> =>
      ((await now(caller)).scans as readonly Json[]).map(({ id, state }) => [id, state]);
    const others = await shown(ana);
    expect(others).toEqual([]);
    expect(await shown(watcher)).toContainEqual([open, 'running']);
    expect(await shown(watcher)).not.toContainEqual([hidden, 'running']);
    expect(await shown(owner)).toEqual(
      expect.arrayContaining([
        [open, 'running'],
        [hidden, 'running'],
      ]),
    );
    await finishScan(server.store, open, 'completed', NO_COUNTS);
    await finishScan(server.store, hidden, 'failed', NO_COUNTS, 'no disk');
    expect(await shown(watcher)).toContainEqual([open, 'completed']);
    expect(await shown(owner)).toContainEqual([hidden, 'failed']);
    await server.store.db
      .updateTable('scan')
      .set({ finished_ms: Date.now() - 20_000 })
      .where('id', '=', open)
      .execute();
    expect(await shown(watcher)).not.toContainEqual([open, 'completed']);
  });

  it('a look costs one statement, whatever there is that the caller may not see', async () => {
    const looked = async (): Promise<readonly string[]> => {
      statements.length = 0;
      await now(ana);
      return statements
        .filter((text) => text.includes('change_mark'))
        .map((text) => text.replaceAll(/\d+/g, '0'));
    };
    const before = await looked();
    expect(before).toHaveLength(1);
    const { path: root } = await bookFolder();
    await owner.expect(201, 'POST', '/libraries', { name: 'hidden too', root, restricted: true });
    await pushElsewhere(bob, 'second', 'Kobo');
    expect(await looked()).toEqual(before);
  });

  it('a stream shows a push of another server and the progress of a scan by itself', async () => {
    const { path: root } = await bookFolder();
    const { id } = await owner.expect(201, 'POST', '/libraries', { name: 'live', root });
    const scan = await insertScan(server.store, {
      libraryId: libraryId(id as number),
      shard: WHOLE_LIBRARY,
      regenSinceMs: undefined,
      runner: 'elsewhere 0 0 1 1',
      leaseMs: LEASE_MS,
    });
    const stream = await open(owner);
    const first = await stream.next(() => true);
    await pushElsewhere(ana, 'third', 'Kobo');
    await stream.next((state) => state.versions.progress !== first.versions.progress);
    await renewLease(server.store, scan, { ...NO_COUNTS, found: 7 }, LEASE_MS);
    await stream.next((state) => state.scans.some((one: Json) => one.id === scan && one.counts.found === 7));
    await finishScan(server.store, scan, 'completed', { ...NO_COUNTS, found: 9 });
    await stream.next((state) =>
      state.scans.some((one: Json) => one.id === scan && one.state === 'completed'),
    );
  });

  it('a stream ends when the permissions of its caller change', async () => {
    const caller = await server.caller({ permissions: [...SYNC, 'user:manage'] });
    const stream = await open(caller);
    await stream.next(() => true);
    await owner.expect(200, 'PATCH', `/users/${String(caller.userId)}`, { permissions: SYNC });
    await stream.ended;
  });

  it('a user has a bounded number of streams, and leaves room for others', async () => {
    const caller = await server.caller();
    const streams = await Promise.all(Array.from({ length: 25 }, () => open(caller)));
    await Promise.all(streams.map((stream) => stream.next(() => true)));
    expect(await caller.expect(503, 'GET', '/changes')).toMatchObject({ code: 'streams-at-limit' });
    await now(ana);
    streams[0]?.leave();
    await expect
      .poll(async () => (await caller.call('GET', '/changes')).status, { timeout: 20_000 })
      .toBe(200);
  });

  it('so many users that they are not marked one by one all see a change', async () => {
    const sync = new SyncStore(server.store);
    const before = await now(bob);
    // Of users who do not exist: nothing but the marks is looked at.
    sync.changes.note(
      'progress',
      Array.from({ length: 101 }, (_, index) => userId(1_000_000 + index)),
    );
    await sync.changes.close();
    expect(differing(before, await now(bob))).toEqual(['progress']);
    const rows = await server.store.db
      .selectFrom('change_mark')
      .select('user_id')
      .where('user_id', '>=', 1_000_000)
      .execute();
    expect(rows).toEqual([]);
  });

  it('nothing is left of a user who is removed', async () => {
    const { id } = await owner.expect(201, 'POST', '/users', { name: 'dora', permissions: [] });
    const before = await now(owner);
    expect(await removeUser(server.store, userId(id as number))).toBe(true);
    expect(differing(before, await now(owner))).toContain('users');
    const rows = await server.store.db
      .selectFrom('change_mark')
      .selectAll()
      .where('user_id', '=', id as number)
      .execute();
    expect(rows).toEqual([]);
  });

  interface Stream {
    next(matches: (state: Json) => boolean): Promise<Json>;
    readonly ended: Promise<unknown>;
    leave(): void;
  }

  async function open(caller: Caller): Promise<Stream> {
    const stop = new AbortController();
    onTestFinished(() => stop.abort());
    const response = await fetch(`${server.url}/api/v1/changes`, {
      headers: { authorization: `Bearer ${caller.key}` },
      signal: stop.signal,
    });
    let text = '';
    const ended = (async () => {
      for await (const piece of response.body ?? []) text += Buffer.from(piece).toString();
    })().catch(() => undefined);
    return {
      ended,
      leave: () => stop.abort(),
      next: async (matches) => {
        const found = (): Json =>
          [...text.matchAll(/event: state\nid: \d+\ndata: (\{.*\})\n\n/g)]
            .map(([, data = '']) => JSON.parse(data))
            .find(matches);
        await expect.poll(found, { timeout: 20_000 }).toBeDefined();
        return found();
      },
    };
  }
});

function eventSchema(): object {
  const content = description.paths['/changes']?.['get']?.responses['200']?.content;
  const schema = content?.['text/event-stream']?.['x-event-data'];
  if (schema === undefined) throw new Error('the description has no schema of events');
  return schema;
}
