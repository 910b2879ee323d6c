import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { putProgress } from '../../../server/app/put-progress.js';
import { parseDocument } from '../../../server/domain/document.js';
import { libraryId, type ScanId, userId } from '../../../server/domain/ids.js';
import type { Permission } from '../../../server/domain/permission.js';
import { parseFraction } from '../../../server/domain/progress.js';
import { WHOLE_LIBRARY } from '../../../server/domain/scan.js';
import { insertScan } from '../../../server/storage/scan-repository.js';
import { type BookFolder, bookFolder, md5 } from '../../support/book-folder.js';
import { testDatabases } from '../../support/databases.js';
import { makeEpub, xhtml } from '../../support/epub.js';
import { description, succeeded } from './api-answers.js';
import { type ApiServer, type Caller, type Json, startApiServer } from './api-server.js';

/** Whose keys try every route: nobody's, one of each permission, and an owner's. */
const WHO = [
  'nobody',
  'none',
  'feature:koreader_sync',
  'feature:api_keys',
  'library:scan',
  'library:manage',
  'user:manage',
  'owner',
] as const;
type Who = (typeof WHO)[number];

const EVERYBODY: readonly Who[] = WHO.filter((who) => who !== 'nobody');
const OWN_SYNC: readonly Who[] = ['feature:koreader_sync', 'user:manage', 'owner'];

interface Row {
  readonly operation: string;
  readonly method: string;
  readonly path: (world: World) => string;
  readonly body?: (world: World) => object;
  readonly may: readonly Who[];
  readonly status: number;
}

/** Things of their own for one request, so that what it does is nothing to the next. */
interface World {
  readonly folder: BookFolder;
  readonly library: number;
  readonly book: number;
  readonly endedScan: number;
  readonly runningScan: ScanId;
  readonly otherUser: number;
  readonly ownKey: number;
  readonly device: string;
  readonly fresh: string;
}

const at = (path: string) => () => path;

/** Every operation of the API, who may do it, and what it answers then. */
const TABLE: readonly Row[] = [
  { operation: 'listLibraries', method: 'GET', path: at('/libraries'), may: EVERYBODY, status: 200 },
  {
    operation: 'addLibrary',
    method: 'POST',
    path: at('/libraries'),
    body: ({ folder, fresh }) => ({ name: `${fresh} new`, root: folder.path }),
    may: ['library:manage', 'owner'],
    status: 201,
  },
  {
    operation: 'showLibrary',
    method: 'GET',
    path: ({ library }) => `/libraries/${String(library)}`,
    may: EVERYBODY,
    status: 200,
  },
  {
    operation: 'changeLibrary',
    method: 'PATCH',
    path: ({ library }) => `/libraries/${String(library)}`,
    body: ({ fresh }) => ({ name: `${fresh} renamed` }),
    may: ['library:manage', 'owner'],
    status: 200,
  },
  {
    operation: 'removeLibrary',
    method: 'DELETE',
    path: ({ library }) => `/libraries/${String(library)}`,
    may: ['library:manage', 'owner'],
    status: 204,
  },
  {
    operation: 'listLibraryReaders',
    method: 'GET',
    path: ({ library }) => `/libraries/${String(library)}/readers`,
    may: ['library:manage', 'owner'],
    status: 200,
  },
  ...(['PUT', 'DELETE'] as const).map((method) => ({
    operation: method === 'PUT' ? 'addLibraryReader' : 'removeLibraryReader',
    method,
    path: ({ library, otherUser }: World) => `/libraries/${String(library)}/readers/${String(otherUser)}`,
    may: ['library:manage', 'owner'] as const,
    status: 204,
  })),
  {
    operation: 'startScan',
    method: 'POST',
    path: ({ library }) => `/libraries/${String(library)}/scans`,
    may: ['library:scan', 'owner'],
    // The library of a world is being scanned: who may start one is told so.
    status: 409,
  },
  {
    operation: 'listScans',
    method: 'GET',
    path: at('/scans'),
    may: ['library:scan', 'library:manage', 'owner'],
    status: 200,
  },
  {
    operation: 'showScan',
    method: 'GET',
    path: ({ endedScan }) => `/scans/${String(endedScan)}`,
    may: ['library:scan', 'library:manage', 'owner'],
    status: 200,
  },
  {
    operation: 'watchScan',
    method: 'GET',
    path: ({ endedScan }) => `/scans/${String(endedScan)}/events`,
    may: ['library:scan', 'library:manage', 'owner'],
    status: 200,
  },
  {
    operation: 'cancelScan',
    method: 'POST',
    path: ({ runningScan }) => `/scans/${String(runningScan)}/cancel`,
    may: ['library:scan', 'owner'],
    status: 202,
  },
  { operation: 'listBooks', method: 'GET', path: at('/books'), may: EVERYBODY, status: 200 },
  {
    operation: 'showBook',
    method: 'GET',
    path: ({ book }) => `/books/${String(book)}`,
    may: EVERYBODY,
    status: 200,
  },
  {
    operation: 'hashBook',
    method: 'POST',
    path: ({ book }) => `/books/${String(book)}/hash`,
    may: ['library:scan', 'owner'],
    status: 200,
  },
  { operation: 'listDevices', method: 'GET', path: at('/devices'), may: OWN_SYNC, status: 200 },
  {
    operation: 'nameDevice',
    method: 'PATCH',
    path: ({ device }) => `/devices/${device}`,
    body: () => ({ friendly_name: 'x' }),
    may: OWN_SYNC,
    status: 200,
  },
  {
    operation: 'forgetDevice',
    method: 'DELETE',
    path: ({ device }) => `/devices/${device}`,
    may: OWN_SYNC,
    status: 204,
  },
  { operation: 'listProgress', method: 'GET', path: at('/progress'), may: OWN_SYNC, status: 200 },
  {
    operation: 'showProgress',
    method: 'GET',
    path: ({ fresh }) => `/progress/${fresh}`,
    may: OWN_SYNC,
    status: 200,
  },
  {
    operation: 'placeDevice',
    method: 'PUT',
    path: ({ fresh }) => `/progress/${md5(`${fresh}.epub`)}`,
    body: () => ({ cfi: 'epubcfi(/6/2!/4/2/1:0)', device: { id: 'web', name: 'Web' } }),
    may: ['feature:koreader_sync', 'owner'],
    status: 200,
  },
  {
    operation: 'deletePosition',
    method: 'DELETE',
    path: ({ fresh, device }) => `/progress/${fresh}/positions/${device}`,
    may: OWN_SYNC,
    status: 204,
  },
  {
    operation: 'listApiKeys',
    method: 'GET',
    path: at('/api-keys'),
    may: ['feature:api_keys', 'user:manage', 'owner'],
    status: 200,
  },
  {
    operation: 'addApiKey',
    method: 'POST',
    path: at('/api-keys'),
    body: () => ({ name: 'k', permissions: [] }),
    may: ['feature:api_keys', 'user:manage', 'owner'],
    status: 201,
  },
  {
    operation: 'revokeApiKey',
    method: 'DELETE',
    path: ({ ownKey }) => `/api-keys/${String(ownKey)}`,
    may: ['feature:api_keys', 'user:manage', 'owner'],
    status: 204,
  },
  { operation: 'showCaller', method: 'GET', path: at('/me'), may: EVERYBODY, status: 200 },
  { operation: 'listUsers', method: 'GET', path: at('/users'), may: ['user:manage', 'owner'], status: 200 },
  {
    operation: 'addUser',
    method: 'POST',
    path: at('/users'),
    body: ({ fresh }) => ({ name: `${fresh}x`, permissions: [] }),
    may: ['user:manage', 'owner'],
    status: 201,
  },
  {
    operation: 'showUser',
    method: 'GET',
    path: ({ otherUser }) => `/users/${String(otherUser)}`,
    may: ['user:manage', 'owner'],
    status: 200,
  },
  {
    operation: 'changeUser',
    method: 'PATCH',
    path: ({ otherUser }) => `/users/${String(otherUser)}`,
    body: () => ({ disabled: true }),
    may: ['user:manage', 'owner'],
    status: 200,
  },
  {
    operation: 'setPassword',
    method: 'PUT',
    path: ({ otherUser }) => `/users/${String(otherUser)}/password`,
    body: () => ({ password: 'x' }),
    may: ['user:manage', 'owner'],
    status: 204,
  },
];

describe.each(testDatabases())('who may do what on $name', (kind) => {
  let server: ApiServer;
  let owner: Caller;
  let callers: Readonly<Record<Who, Caller>>;

  beforeAll(async () => {
    server = await startApiServer(kind);
    owner = await server.caller({ isOwner: true });
    const withOne = (permission: Permission) => server.caller({ permissions: [permission] });
    callers = {
      nobody: server.withKey(undefined),
      none: await server.caller(),
      'feature:koreader_sync': await withOne('feature:koreader_sync'),
      'feature:api_keys': await withOne('feature:api_keys'),
      'library:scan': await withOne('library:scan'),
      'library:manage': await withOne('library:manage'),
      'user:manage': await withOne('user:manage'),
      owner,
    };
  });

  afterAll(() => server.close());

  async function makeWorld(caller: Caller): Promise<World> {
    const fresh = randomBytes(8).toString('hex');
    const folder = await bookFolder({ 'a.epub': fresh });
    folder.write(`${fresh}.epub`, makeEpub({ chapters: [{ content: xhtml('<p>text</p>') }] }));
    const { id: library } = await owner.expect(201, 'POST', '/libraries', { name: fresh, root: folder.path });
    const { id: endedScan } = await owner.expect(201, 'POST', `/libraries/${String(library)}/scans`);
    await expect
      .poll(() => owner.expect(200, 'GET', `/scans/${String(endedScan)}`))
      .toMatchObject({ state: 'completed' });
    const books = await owner.expect(200, 'GET', `/books?library_id=${String(library)}`);
    const runningScan = await insertScan(server.store, {
      libraryId: libraryId(library as number),
      shard: WHOLE_LIBRARY,
      regenSinceMs: undefined,
      runner: 'elsewhere 0 0 1 1',
      leaseMs: 60_000,
    });
    const { id: otherUser } = await owner.expect(201, 'POST', '/users', { name: fresh, permissions: [] });
    let ownKey = 0;
    if (caller.userId !== 0) {
      const key = { name: 'k', user_id: caller.userId, permissions: [] };
      ({ id: ownKey } = await owner.expect(201, 'POST', '/api-keys', key));
      await push(caller, fresh);
    }
    return {
      folder,
      library: library as number,
      book: (books.items as Json[])[0].id as number,
      endedScan: endedScan as number,
      runningScan,
      otherUser: otherUser as number,
      ownKey,
      device: Buffer.from(`i${fresh}`).toString('base64url'),
      fresh,
    };
  }

  async function push(caller: Caller, text: string): Promise<void> {
    const document = parseDocument(text);
    const percentage = parseFraction(0.5);
    if (document === undefined || percentage === undefined) throw new Error('no push');
    const device = { name: 'd', id: text };
    await putProgress(
      server.sync,
      {
        userId: userId(caller.userId),
        userName: caller.name,
        permissions: new Set<Permission>(),
        isOwner: false,
        apiKeyId: undefined,
      },
      { document, position: 'p', percentage, device, metadataJson: undefined },
      'store',
    );
  }

  it.each(WHO)('%s', async (who) => {
    const caller = callers[who];
    const wrong: string[] = [];
    let world: World | undefined;
    for (const row of TABLE) {
      world ??= await makeWorld(caller);
      const { status, json } = await caller.call(row.method, row.path(world), row.body?.(world));
      const expected = row.may.includes(who) ? row.status : who === 'nobody' ? 401 : 403;
      if (status !== expected) {
        wrong.push(
          `${row.operation}: ${String(status)} instead of ${String(expected)}: ${JSON.stringify(json)}`,
        );
      }
      // What it did to the world is nothing to the next operation.
      if (status < 300 && row.method !== 'GET') world = undefined;
    }
    expect(wrong).toEqual([]);
  });

  it('the description says what each operation needs', () => {
    const operations = Object.values(description.paths).flatMap((methods) => Object.values(methods));
    for (const row of TABLE) {
      const operation = operations.find(({ operationId }) => operationId === row.operation);
      const permissions = row.may.filter((who) => who.includes(':'));
      expect(operation?.description).toContain(
        row.may === EVERYBODY ? 'Any valid API key will do.' : permissions.join(' or '),
      );
    }
  });

  it('the table has every operation, and each of them has answered well', () => {
    const operations = Object.values(description.paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    );
    expect(TABLE.map(({ operation }) => operation).toSorted()).toEqual(operations.toSorted());
    expect([...succeeded].toSorted()).toEqual(operations.toSorted());
  });
});
