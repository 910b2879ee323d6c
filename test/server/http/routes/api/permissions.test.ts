import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeSetupLink } from '../../../../../server/accounts/sessions/console-link.js';
import { putProgress } from '../../../../../server/sync/put-progress.js';
import { parseDocument } from '../../../../../server/domain/document.js';
import { bookId, libraryId, userId } from '../../../../../server/domain/ids.js';
import type { Permission } from '../../../../../server/domain/permission.js';
import { parseFraction } from '../../../../../server/sync/progress.js';
import { WHOLE_LIBRARY } from '../../../../../server/scan/scan.js';
import { insertScan } from '../../../../../server/scan/scan-repository.js';
import { bookFolder } from '../../../../support/book-folder.js';
import { testDatabases } from '../../../../support/databases.js';
import { makeZip } from '../../../../support/zip.js';
import { makeEpub, xhtml } from '../../../../support/epub.js';
import { addUser } from '../kosync/sync-server.js';
import { description, succeeded } from './api-answers.js';
import { EVERYBODY, TABLE, type Who, WHO, type World } from './permission-table.js';
import { type ApiServer, type Caller, type Json, startApiServer } from './api-server.js';

/** Of every caller but the owner, whose password makeUnclaimed() removes. */
const PASSWORD = 'a password';

describe.each(testDatabases())('permissions over HTTP on $name', (kind) => {
  let server: ApiServer;
  let owner: Caller;
  let callers: Readonly<Record<Who, Caller>>;

  beforeAll(async () => {
    server = await startApiServer(kind);
    owner = await server.caller({ isOwner: true });
    const withOne = (permission: Permission) =>
      server.caller({ permissions: [permission], password: PASSWORD });
    callers = {
      nobody: server.withKey(undefined),
      none: await server.caller({ password: PASSWORD }),
      'feature:koreader_sync': await withOne('feature:koreader_sync'),
      'feature:api_keys': await withOne('feature:api_keys'),
      'library:scan': await withOne('library:scan'),
      'library:manage': await withOne('library:manage'),
      'user:manage': await withOne('user:manage'),
      'file:download': await withOne('file:download'),
      owner,
    };
  });

  afterAll(() => server.close());

  async function makeWorld(caller: Caller): Promise<World> {
    const fresh = randomBytes(8).toString('hex');
    const folder = await bookFolder({ 'a.epub': fresh, 'missing.epub': `missing ${fresh}` });
    folder.write(`${fresh}.epub`, makeEpub({ chapters: [{ content: xhtml('<p>text</p>') }] }));
    folder.write('comic.cbz', makeZip([{ name: '1.gif', content: 'GIF89a' }]));
    const { id: library } = await owner.expect(201, 'POST', '/libraries', { name: fresh, root: folder.path });
    const { id: endedScan } = await owner.expect(201, 'POST', `/libraries/${String(library)}/scans`);
    await expect
      .poll(() => owner.expect(200, 'GET', `/scans/${String(endedScan)}`), { timeout: 20_000 })
      .toMatchObject({ state: 'completed' });
    const books = await owner.expect(200, 'GET', `/books?library_id=${String(library)}`);
    const comic = (books.items as Json[]).find(({ path }) => path.text === 'comic.cbz').id as number;
    const missingBook = (books.items as Json[]).at(-1).id as number;
    await server.store.db
      .updateTable('book')
      .set({ missing_since_s: 1 })
      .where('id', '=', bookId(missingBook))
      .execute();
    const runningScan = await insertScan(server.store, {
      libraryId: libraryId(library as number),
      shard: WHOLE_LIBRARY,
      regenSinceMs: undefined,
      runner: 'elsewhere 0 0 1 1',
      leaseMs: 60_000,
    });
    const { id: otherUser } = await owner.expect(201, 'POST', '/users', { name: fresh, permissions: [] });
    await addUser(server, { name: `${fresh}s`, password: fresh, permissions: [] });
    let ownKey = 0;
    let ownSession = 0;
    if (caller.userId !== 0) {
      const signedIn = await caller.expect(201, 'POST', '/sessions', { api_key: caller.key });
      ownSession = signedIn.id as number;
      const key = { name: 'k', user_id: caller.userId, permissions: [] };
      ({ id: ownKey } = await owner.expect(201, 'POST', '/api-keys', key));
      await push(caller, fresh);
    }
    const linked = `${fresh}-linked`;
    const book = (books.items as Json[])[0].id as number;
    if (caller === callers['feature:koreader_sync'] || caller === owner) {
      await caller.expect(201, 'POST', `/books/${String(book)}/documents`, { document: linked });
    }
    const setupToken = await makeUnclaimed();
    return {
      folder,
      library: library as number,
      book,
      comic,
      missingBook,
      endedScan: endedScan as number,
      runningScan,
      otherUser: otherUser as number,
      ownKey,
      ownSession,
      ownPassword: caller === owner ? null : PASSWORD,
      setupToken,
      device: Buffer.from(`i${fresh}`).toString('base64url'),
      linked,
      fresh,
    };
  }

  /** As if no owner had a password or had signed in. @returns the token of a setup link */
  async function makeUnclaimed(): Promise<string> {
    const { db } = server.store;
    await db.updateTable('owner_claim').set({ claimed_s: null }).execute();
    await db.updateTable('user').set({ password_hash: null }).where('is_owner', '=', 1).execute();
    const link = await makeSetupLink(server.store);
    if (link === undefined) throw new Error('an owner can sign in');
    return link.token;
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
      { unknownDocuments: 'store', sinceMs: performance.now(), pushedMs: Date.now() },
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
      // Each operation has data of its own, so the effects of this one do not matter to the next.
      if (status < 300 && row.method !== 'GET') world = undefined;
    }
    expect(wrong).toEqual([]);
  });

  it('the description names the permission of each operation', () => {
    const operations = Object.values(description.paths).flatMap((methods) => Object.values(methods));
    for (const row of TABLE) {
      const operation = operations.find(({ operationId }) => operationId === row.operation);
      const permissions = row.may.filter((who) => who.includes(':'));
      expect(operation?.description).toContain(
        row.may === WHO
          ? 'Needs no login.'
          : row.may === EVERYBODY
            ? 'Any valid API key or session will do.'
            : permissions.join(' or '),
      );
    }
  });

  it('the table has every operation, and each of them has succeeded once', () => {
    const operations = Object.values(description.paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    );
    expect(TABLE.map(({ operation }) => operation).toSorted()).toEqual(operations.toSorted());
    expect([...succeeded].toSorted()).toEqual(operations.toSorted());
  });
});
