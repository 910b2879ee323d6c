import { createConnection } from 'mysql2/promise';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createEngine, type Engine } from '../../../engine/index.js';
import { addUser } from '../../../server/accounts/add-user.js';
import { changeUser } from '../../../server/accounts/change-user.js';
import { addApiKey } from '../../../server/accounts/keys/add-api-key.js';
import { saveKeysLastUsed } from '../../../server/accounts/keys/api-key-repository.js';
import { revokeApiKey } from '../../../server/accounts/keys/revoke-api-key.js';
import { setPasswordHash } from '../../../server/accounts/user-repository.js';
import { joinSuccessor } from '../../../server/book/join-successor.js';
import { rehashBook } from '../../../server/book/rehash-book.js';
import { saveNameForms } from '../../../server/book/save-name-forms.js';
import {
  type CachedTopic,
  changeCached,
  readCacheMark,
} from '../../../server/changes/cache-mark-repository.js';
import { toBigInt } from '../../../server/database/int64.js';
import { migrate } from '../../../server/database/migrate.js';
import { type OpenStore, openStore } from '../../../server/database/store.js';
import { OPERATOR } from '../../../server/domain/actor.js';
import { parseDocument } from '../../../server/domain/document.js';
import { bookId, type UserId } from '../../../server/domain/ids.js';
import type { Permission } from '../../../server/domain/permission.js';
import { insertLibrary } from '../../../server/library/library-repository.js';
import type { Library } from '../../../server/library/library.js';
import { deleteUser } from '../../../server/removal/delete-user.js';
import { removeLibrary } from '../../../server/removal/remove-library.js';
import { scanLibrary } from '../../../server/scan/scan-library.js';
import { linkDocument, unlinkDocument } from '../../../server/sync/link-document.js';
import { SyncStore } from '../../../server/sync/sync-store.js';
import { type BookFolder, bookFolder } from '../../support/book-folder.js';
import { testDatabases } from '../../support/databases.js';
import { openHookedStore } from '../../support/hooked-store.js';
import { openTestStore, type TestStore } from '../../support/open-test-store.js';
import { startPrivateMysql } from '../../support/private-mysql.js';
import { pushOf } from '../../support/progress-push.js';

const SYNC: ReadonlySet<Permission> = new Set<Permission>(['feature:koreader_sync']);

/** Statements that change what servers cache of a topic. */
const CHANGES: Readonly<Record<CachedTopic, RegExp>> = {
  accounts:
    /^(?:update|delete from)\W+(?:user|api_key)\b(?!.*last_used_s)(?!.*set `?"?revision)|^insert into\W+user\b/i,
  catalogue:
    /^(?:insert into|update|delete from)\W+(?:former_digest|document_link)\b|^(?:insert into|delete from)\W+book\b|^update\W+book\b.*(?:partial|filename)_md5/i,
};

describe.each(testDatabases())('the marks of what servers cache on $name', (kind) => {
  let plain: TestStore;
  let engine: Engine;
  /** What the statements since the last commit have changed, and marked. */
  let changed: Set<CachedTopic>;
  let marked: Set<CachedTopic>;
  let unmarked: string[];
  let store: OpenStore;
  let folder: BookFolder;
  let library: Library;
  let anna: UserId;

  beforeEach(async () => {
    plain = await openTestStore(kind);
    engine = createEngine({ jobs: 1 });
    changed = new Set();
    marked = new Set();
    unmarked = [];
    store = openHookedStore(plain.url, {
      beforeStatement: (text) => {
        if (text.includes('cache_mark') && !text.startsWith('select')) {
          // The topic is a parameter: all that has changed is marked before the commit.
          marked = new Set(changed);
          return;
        }
        for (const topic of ['accounts', 'catalogue'] as const)
          if (CHANGES[topic].test(text)) changed.add(topic);
      },
      afterCommit: () => {
        for (const topic of changed) if (!marked.has(topic)) unmarked.push(topic);
        changed.clear();
        marked.clear();
      },
    });
    folder = await bookFolder({ 'emma.epub': 'emma', 'other.epub': 'other' });
    const settings = { root: Buffer.from(folder.path), extensions: undefined, koreaderHashes: true };
    const made = await insertLibrary(store, { name: 'books', ...settings });
    if (made === undefined) throw new Error('the test is wrong');
    library = made;
    const user = { name: 'anna', password: undefined, permissions: SYNC, isOwner: false };
    ({ id: anna } = await addUser(store, OPERATOR, user));
    await scan();
  });

  afterEach(async () => {
    // A change outside of a transaction stays here.
    expect([...changed]).toEqual([]);
    expect(unmarked).toEqual([]);
    await engine.close();
    await store.close();
    await plain.close();
  });

  const scan = () => scanLibrary({ store, engine }, library);
  const marks = () =>
    Promise.all((['accounts', 'catalogue'] as const).map((topic) => readCacheMark(plain, topic)));
  const books = () => plain.db.selectFrom('book').selectAll().orderBy('id').execute();
  const idOf = async (name: string) =>
    bookId((await books()).find(({ path }) => path.toString() === name)?.id ?? 0);
  const document = parseDocument('unknown document');
  if (document === undefined) throw new Error('the test is wrong');

  /** Which of the two marks the work changes. */
  async function changesOf(work: () => Promise<unknown>): Promise<readonly string[]> {
    const before = await marks();
    await work();
    const after = await marks();
    return ['accounts', 'catalogue'].filter((_topic, index) => before[index] !== after[index]);
  }

  it('change with users and API keys, and not with their use', async () => {
    const named = { name: 'ben', password: undefined, permissions: SYNC, isOwner: false };
    expect(await changesOf(() => addUser(store, OPERATOR, named))).toEqual(['accounts']);
    expect(await changesOf(() => changeUser(store, OPERATOR, anna, { name: 'annika' }))).toEqual([
      'accounts',
    ]);
    expect(await changesOf(() => changeUser(store, OPERATOR, anna, { isDisabled: true }))).toEqual([
      'accounts',
    ]);
    expect(await changesOf(() => setPasswordHash(store, anna, 'hash'))).toEqual(['accounts']);
    await changeUser(store, OPERATOR, anna, { isDisabled: false });
    const { key } = await addApiKey(store, OPERATOR, {
      userId: anna,
      name: 'Kobo',
      permissions: SYNC,
      expiresSeconds: undefined,
    });
    expect(await changesOf(() => saveKeysLastUsed(store, new Map([[key.id, anna]]), 5))).toEqual([]);
    expect(await changesOf(() => revokeApiKey(store, OPERATOR, key.id))).toEqual(['accounts']);
    expect(await changesOf(() => deleteUser(store, OPERATOR, anna))).toContain('accounts');
  });

  it('change with books, their digests and names, and not with scans that find nothing new', async () => {
    expect(await changesOf(scan)).toEqual([]);
    folder.write('new.epub', 'new');
    expect(await changesOf(scan)).toEqual(['catalogue']);
    folder.write('new.epub', 'a new edition');
    expect(await changesOf(scan)).toEqual(['catalogue']);
    folder.move('new.epub', 'renamed.epub');
    expect(await changesOf(scan)).toEqual(['catalogue']);
    const named = { id: await idOf('emma.epub'), path: Buffer.from('emma.epub') };
    expect(
      await changesOf(() => saveNameForms(store, [{ ...named, metadata: metadataOf('Emma', 'Austen') }], 1)),
    ).toEqual(['catalogue']);
    folder.write('emma.epub', 'emma, rewritten');
    expect(
      await changesOf(async () => rehashBook({ store, engine }, OPERATOR, await idOf('emma.epub'))),
    ).toEqual(['catalogue']);
    folder.move('emma.epub', 'gone-to-here.epub');
    folder.write('gone-to-here.epub', 'emma, rewritten once more, and longer');
    await scan();
    const [missingId, successorId] = [await idOf('emma.epub'), await idOf('gone-to-here.epub')];
    expect(await changesOf(() => joinSuccessor(store, OPERATOR, { missingId, successorId }))).toEqual([
      'catalogue',
    ]);
    expect(await changesOf(() => removeLibrary(store, OPERATOR, library.id))).toEqual(['catalogue']);
  });

  it('change with links, and not with pushes', async () => {
    const link = { document, bookId: await idOf('emma.epub'), linkedFor: anna };
    expect(await changesOf(() => linkDocument(store, OPERATOR, link))).toEqual(['catalogue']);
    expect(await changesOf(() => unlinkDocument(store, OPERATOR, link))).toEqual(['catalogue']);
    const sync = new SyncStore(store);
    const push = { ...pushOf('d41d8cd98f00b204e9800998ecf8427e', 'Kobo', 'here'), userId: anna };
    expect(await changesOf(() => sync.pushes.push(push))).toEqual([]);
    await sync.changes.close();
  });
});

it.each(testDatabases())('on $name a mark does not come back after a restored backup', async (kind) => {
  const store = await openTestStore(kind);
  onTestFinished(() => store.close());
  const change = () => changeCached(store, 'accounts', () => Promise.resolve());
  await change();
  const backup = await store.db.selectFrom('cache_mark').selectAll().execute();
  await change();
  const known = await readCacheMark(store, 'accounts');
  await store.db.deleteFrom('cache_mark').execute();
  const rows = backup.map((row) => ({ ...row, revision: toBigInt(row.revision) }));
  await store.db.insertInto('cache_mark').values(rows).execute();
  await change();
  expect(await readCacheMark(store, 'accounts')).not.toBe(known);
});

it('a mark is another one on a server that takes over, which may lack the last changes for a while', async () => {
  const mysql = await startPrivateMysql({ isDurable: false });
  onTestFinished(() => mysql.remove());
  const session = await createConnection({ uri: mysql.url });
  onTestFinished(() => session.destroy());
  await session.query('create database dogear');
  const store = await openStore(`${mysql.url}/dogear`);
  onTestFinished(() => store.close());
  await migrate(store);
  const marks = async () => [await readCacheMark(store, 'accounts'), await readCacheMark(store, 'accounts')];
  const before = await marks();
  expect(before[1]).toBe(before[0]);
  // Replicas must have different ones.
  await session.query('set global server_id = 4711');
  const after = await marks();
  expect(after[1]).toBe(after[0]);
  expect(after[0]).not.toBe(before[0]);
});

function metadataOf(title: string, author: string) {
  return {
    identifier: undefined,
    title,
    authors: [author],
    series: undefined,
    seriesIndex: undefined,
    language: undefined,
    structureMd5: undefined,
  };
}
