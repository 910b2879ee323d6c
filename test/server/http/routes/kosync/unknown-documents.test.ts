import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_TTL_MS } from '../../../../../server/batching/read-through-cache.js';
import type { Store } from '../../../../../server/database/store.js';
import type { LibraryId, UserId } from '../../../../../server/domain/ids.js';
import { saveBooks } from '../../../../../server/book/book-repository.js';
import { keepFormerDigests } from '../../../../../server/book/digest-repository.js';
import { replacedDigests } from '../../../../../server/book/book.js';
import {
  addReader,
  deleteAccessToLibrary,
  setRestricted,
} from '../../../../../server/library/library-reader-repository.js';
import { insertLibrary } from '../../../../../server/library/library-repository.js';
import { OPERATOR } from '../../../../../server/domain/actor.js';
import { removeLibrary } from '../../../../../server/removal/remove-library.js';
import { type TestDatabase, testDatabases } from '../../../../support/databases.js';
import { addKey, addUser, startTestServer, type TestServer } from './sync-server.js';

describe.each(testDatabases())('documents and books on $name', ({ create }) => {
  let database: TestDatabase;
  let server: TestServer;

  beforeAll(async () => {
    database = await create();
    server = await startTestServer(database.url);
  });

  afterAll(async () => {
    await server.close();
    await database.drop();
  });

  const md5 = (text: string) => createHash('md5').update(text).digest();

  async function addLibrary(): Promise<LibraryId> {
    const library = await insertLibrary(server.store, {
      name: randomBytes(6).toString('hex'),
      root: Buffer.from('/nowhere'),
      extensions: undefined,
      koreaderHashes: true,
    });
    if (library === undefined) throw new Error('the name is taken');
    return library.id;
  }

  /** What a scan writes when it finds a file, or finds it changed. */
  async function addBook(
    libraryId: LibraryId,
    path: string,
    content: string,
    scannedBy: 'this server' | 'another server' = 'this server',
  ) {
    const digests = { partialMd5: md5(content), filenameMd5: md5(path.split('/').at(-1) ?? '') };
    const record = {
      libraryId,
      path: Buffer.from(path),
      sizeBytes: content.length,
      modifiedNs: 1n,
      digests,
      failure: undefined,
    };
    const before = await server.store.db
      .selectFrom('book')
      .select(['id', 'partial_md5', 'filename_md5'])
      .where('library_id', '=', libraryId)
      .where('path', '=', record.path)
      .executeTakeFirst();
    if (before?.partial_md5 && before.filename_md5) {
      const old = { partialMd5: before.partial_md5, filenameMd5: before.filename_md5 };
      await keepFormerDigests(server.store, replacedDigests(before.id, old, digests), 1);
    }
    await saveBooks(server.store, [record], Date.now());
    // A scan in this process does this; the cache of another server expires after four seconds.
    if (scannedBy === 'this server') server.sync.forgetLibraries();
    return { binary: digests.partialMd5.toString('hex'), filename: digests.filenameMd5.toString('hex') };
  }

  async function addReader() {
    const { user, headers } = await addUser(server);
    const { text } = await addKey(server, user.id);
    const put = (document: string, progress = 'p', device_id = 'A') =>
      server.send('PUT', `/koreader/${text}/syncs/progress`, {
        body: { document, progress, percentage: 0.5, device: 'Kobo', device_id },
      });
    const get = async (document: string): Promise<unknown> =>
      Object((await server.send('GET', `/koreader/${text}/syncs/progress/${document}`)).json).progress;
    return { user, headers, put, get };
  }

  it('refuses unknown documents on API-key routes with 404, 2006 and says what to do', async () => {
    const { put, get } = await addReader();
    for (const document of [md5('unknown').toString('hex'), 'not-even-a-digest']) {
      const reply = await put(document);
      expect(reply.status).toBe(404);
      expect(reply.json).toEqual({ code: 2006, message: expect.stringContaining('No book with this hash') });
      expect(reply.json).toMatchObject({ message: expect.stringContaining('scan') });
      expect(await get(document)).toBeUndefined();
    }
  });

  it('stores unknown documents on the account routes', async () => {
    const { headers } = await addReader();
    const body = { document: 'unknown', progress: 'p', percentage: 0.5, device: 'Kobo' };
    expect((await server.send('PUT', '/syncs/progress', { headers, body })).status).toBe(200);
    expect((await server.send('GET', '/syncs/progress/unknown', { headers })).json).toMatchObject(body);
  });

  it('does the opposite on both with the other settings', async () => {
    const other = await startTestServer(database.url, {
      unknownDocuments: { account: 'reject', 'api-key': 'store' },
    });
    try {
      const { user, headers } = await addUser(other);
      const { text } = await addKey(other, user.id);
      const body = { document: 'unknown', progress: 'p', percentage: 0.5, device: 'Kobo' };
      const account = await other.send('PUT', '/syncs/progress', { headers, body });
      expect([account.status, account.json]).toMatchObject([404, { code: 2006 }]);
      expect((await other.send('PUT', `/koreader/${text}/syncs/progress`, { body })).status).toBe(200);
    } finally {
      await other.close();
    }
  });

  it('knows a book by both of its digests, and by every digest that it had', async () => {
    const library = await addLibrary();
    const { put } = await addReader();
    const first = await addBook(library, 'a/One.epub', 'one, first edition');
    const second = await addBook(library, 'a/One.epub', 'one, second edition');
    expect(first.filename).toBe(second.filename);
    for (const document of [first.binary, second.binary, second.filename]) {
      expect((await put(document)).status).toBe(200);
    }
    expect((await put(second.binary.toUpperCase())).status).toBe(404);
  });

  it('has one progress for a book, whichever of its digests a device sends', async () => {
    const library = await addLibrary();
    const { put, get } = await addReader();
    const first = await addBook(library, 'Two.epub', 'two, first edition');
    await put(first.filename, 'by name', 'A');
    expect(await get(first.binary)).toBe('by name');
    await put(first.binary, 'by content', 'B');
    expect(await get(first.filename)).toBe('by content');
    const second = await addBook(library, 'Two.epub', 'two, second edition');
    expect(await get(second.binary)).toBe('by content');
    await put(second.binary, 'after the change', 'C');
    for (const document of [first.binary, first.filename, second.binary]) {
      expect(await get(document)).toBe('after the change');
    }
  });

  it('never mixes books whose files have the same name', async () => {
    const library = await addLibrary();
    const { put, get } = await addReader();
    const one = await addBook(library, 'x/Volume 1.cbz', 'volume one of x');
    const other = await addBook(library, 'y/Volume 1.cbz', 'volume one of y');
    expect(one.filename).toBe(other.filename);
    await put(one.binary, 'in x');
    await put(one.filename, 'by name');
    expect(await get(one.binary)).toBe('in x');
    expect(await get(other.binary)).toBeUndefined();
    expect(await get(one.filename)).toBe('by name');
  });

  it('treats copies of a file as one book', async () => {
    const library = await addLibrary();
    const { put, get } = await addReader();
    const copy = await addBook(library, 'Copy.epub', 'the same bytes');
    const other = await addBook(await addLibrary(), 'Other name.epub', 'the same bytes');
    await put(copy.filename, 'in the copy');
    expect(await get(other.filename)).toBe('in the copy');
    expect(await get(other.binary)).toBe('in the copy');
  });

  it('assigns a stored unknown document to its book as soon as a scan finds the book', async () => {
    const library = await addLibrary();
    const { put, get, headers } = await addReader();
    const binary = md5('found later').toString('hex');
    const filename = md5('Later.epub').toString('hex');
    const body = { document: filename, progress: 'early', percentage: 0.5, device: 'Kobo' };
    expect((await server.send('PUT', '/syncs/progress', { headers, body })).status).toBe(200);
    expect((await put(filename)).status).toBe(404);
    expect(await get(binary)).toBeUndefined();
    await addBook(library, 'Later.epub', 'found later');
    expect(await get(binary)).toBe('early');
    expect((await put(filename, 'later')).status).toBe(200);
    expect(await get(binary)).toBe('later');
  });

  it('hides the books of a restricted library from everybody else', async () => {
    const library = await addLibrary();
    const reader = await addReader();
    const stranger = await addReader();
    const book = await addBook(library, 'Secret.epub', 'secret');
    await setLibraryReaders(server.store, library, [reader.user.id]);
    server.sync.forgetLibraries();
    expect((await reader.put(book.binary, 'mine')).status).toBe(200);
    expect(await reader.get(book.filename)).toBe('mine');
    expect((await stranger.put(book.binary)).status).toBe(404);
    await setLibraryReaders(server.store, library, []);
    server.sync.forgetLibraries();
    expect((await reader.put(book.binary)).status).toBe(404);
    await setLibraryReaders(server.store, library, undefined);
    server.sync.forgetLibraries();
    expect((await stranger.put(book.binary, 'theirs')).status).toBe(200);
    expect(await stranger.get(book.filename)).toBe('theirs');
    expect(await reader.get(book.filename)).toBe('mine');
  });

  it('finds the visible book when a hidden one has the same file name', async () => {
    const visible = await addLibrary();
    const hidden = await addLibrary();
    const { put, get, user } = await addReader();
    const mine = await addBook(visible, 'Twice.epub', 'mine');
    await addBook(hidden, 'Twice.epub', 'not mine');
    await setLibraryReaders(server.store, hidden, []);
    server.sync.forgetLibraries();
    await put(mine.filename, 'by name');
    expect(await get(mine.binary)).toBe('by name');
    await setLibraryReaders(server.store, hidden, [user.id]);
    server.sync.forgetLibraries();
    expect(await get(mine.binary)).toBeUndefined();
  });

  it('finds missing books', async () => {
    const library = await addLibrary();
    const { put } = await addReader();
    const book = await addBook(library, 'Gone.epub', 'gone');
    await server.store.db
      .updateTable('book')
      .set({ missing_since_s: 1 })
      .where('library_id', '=', library)
      .execute();
    expect((await put(book.binary)).status).toBe(200);
  });

  it('refuses a document whose only library was removed, although it was cached', async () => {
    const library = await addLibrary();
    const { put } = await addReader();
    const book = await addBook(library, 'Removed.epub', 'removed');
    expect((await put(book.binary)).status).toBe(200);
    // As another server would do it.
    await removeLibrary(server.store, OPERATOR, library);
    await delay(DEFAULT_TTL_MS + 200);
    expect((await put(book.binary)).status).toBe(404);
  });

  it('finds a book at once in the library that it moved to, although it was cached with another', async () => {
    const hidden = await addLibrary();
    const keeper = await addReader();
    const stranger = await addReader();
    const book = await addBook(hidden, 'Moved.epub', 'moved');
    await setLibraryReaders(server.store, hidden, [keeper.user.id]);
    server.sync.forgetLibraries();
    expect((await keeper.put(book.binary)).status).toBe(200);
    expect((await stranger.put(book.binary)).status).toBe(404);
    await addBook(await addLibrary(), 'Moved.epub', 'moved', 'another server');
    expect((await stranger.put(book.binary)).status).toBe(200);
  });
});

/** @param readers the only users who may see the library from now on; `undefined`: every user may */
async function setLibraryReaders(
  store: Store,
  library: LibraryId,
  readers: readonly UserId[] | undefined,
): Promise<void> {
  await deleteAccessToLibrary(store, library);
  if (readers === undefined) return;
  await setRestricted(store, library, true);
  for (const user of readers) await addReader(store, library, user);
}
