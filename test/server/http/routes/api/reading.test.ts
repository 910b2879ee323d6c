import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readLibraryMetadata } from '../../../../../server/book/read-metadata.js';
import { OPERATOR } from '../../../../../server/domain/actor.js';
import { parseDocument } from '../../../../../server/domain/document.js';
import { libraryId, userId } from '../../../../../server/domain/ids.js';
import { getLibrary } from '../../../../../server/library/get-library.js';
import { removeLibrary } from '../../../../../server/removal/remove-library.js';
import { parseFraction } from '../../../../../server/sync/progress.js';
import { bookFolder, md5 } from '../../../../support/book-folder.js';
import { testDatabases } from '../../../../support/databases.js';
import { makeEpub, xhtml } from '../../../../support/epub.js';
import { type ApiServer, type Caller, type Json, startApiServer } from './api-server.js';

describe.each(testDatabases())('what a household reads, on $name', (kind) => {
  let server: ApiServer;
  let owner: Caller;
  let anna: Caller;
  let ben: Caller;
  let manager: Caller;
  let open: number;
  let restricted: number;

  beforeAll(async () => {
    server = await startApiServer(kind);
    owner = await server.caller({ isOwner: true });
    anna = await server.caller({ permissions: ['feature:koreader_sync'] });
    ben = await server.caller({ permissions: ['feature:koreader_sync'] });
    manager = await server.caller({ permissions: ['user:manage'] });
    open = await scannedLibrary('open', { 'shelf/both.epub': 'both', 'one.epub': 'one', 'two.epub': 'two' });
    restricted = await scannedLibrary('restricted', { 'secret.epub': 'secret' });
    await owner.expect(200, 'PATCH', `/libraries/${String(restricted)}`, { restricted: true });
    await push(anna, md5('both'), 'Kobo', 0.1);
    await push(anna, md5('one'), 'Kobo', 0.2);
    await push(ben, md5('one'), 'Boox', 0.3);
    await push(anna, 'a text of her own', 'Kobo', 0.4);
    await push(ben, md5('secret'), 'Boox', 0.5);
    await push(ben, md5('in no library'), 'Boox', 0.6);
    await push(owner, md5('two'), 'Kindle', 0.7);
    // The same book as the first, by its file name.
    await push(anna, md5('both.epub'), 'Kindle', 0.8);
  });

  afterAll(() => server.close());

  async function push(caller: Caller, name: string, device: string, percentage: number): Promise<void> {
    const [document, fraction] = [parseDocument(name), parseFraction(percentage)];
    if (document === undefined || fraction === undefined) throw new Error('no push that a reader could send');
    await server.sync.pushes.push({
      userId: userId(caller.userId),
      document,
      position: 'p',
      percentage: fraction,
      device: { name: device, id: device },
      metadataJson: undefined,
      pushedMs: Date.now(),
    });
  }

  async function scannedLibrary(name: string, files: Readonly<Record<string, string>>): Promise<number> {
    const folder = await bookFolder(files);
    const { id } = await owner.expect(201, 'POST', '/libraries', { name, root: folder.path });
    const { id: scan } = await owner.expect(201, 'POST', `/libraries/${String(id)}/scans`);
    await vi.waitUntil(
      async () => (await owner.expect(200, 'GET', `/scans/${String(scan)}`)).state === 'completed',
      { timeout: 20_000 },
    );
    return id as number;
  }

  /** All pages, as "who: file name or document, percentage", and who has how many documents that are not shown. */
  async function reading(caller: Caller, limit: number) {
    const lines: string[] = [];
    const unmatched: Record<string, number> = {};
    let cursor: string | null = null;
    do {
      const at: string = cursor === null ? '' : `&cursor=${cursor}`;
      const page = await caller.expect(200, 'GET', `/reading?limit=${String(limit)}${at}`);
      for (const { user, book, document, percentage } of page.items as Json[]) {
        lines.push(`${String(user.name)}: ${String(book?.file_name ?? document)} ${String(percentage)}`);
      }
      for (const { user, documents } of page.unmatched as Json[]) {
        unmatched[user.name as string] = (unmatched[user.name as string] ?? 0) + (documents as number);
      }
      cursor = page.next_cursor as string | null;
    } while (cursor !== null);
    return { lines, unmatched };
  }

  it.each([1, 2, 50])(
    'is the newest push of each user and book, the last first, %i a page',
    async (limit) => {
      expect(await reading(owner, limit)).toEqual({
        lines: [
          `${anna.name}: both.epub 0.8`,
          `${owner.name}: two.epub 0.7`,
          `${ben.name}: secret.epub 0.5`,
          `${ben.name}: one.epub 0.3`,
          `${anna.name}: one.epub 0.2`,
        ],
        unmatched: { [ben.name]: 1, [anna.name]: 1 },
      });
    },
  );

  it('has the book with its library, and the device with its friendly name', async () => {
    const { items } = await anna.expect(200, 'GET', '/devices');
    const kindle = (items as Json[]).find(({ name }) => name === 'Kindle');
    await anna.expect(200, 'PATCH', `/devices/${String(kindle.id)}`, { friendly_name: "Anna's Kindle" });
    const [newest] = (await owner.expect(200, 'GET', '/reading')).items as Json[];
    expect(newest).toMatchObject({
      user: { id: anna.userId, name: anna.name },
      document: md5('both.epub'),
      book: {
        library_id: open,
        library_name: 'open',
        path: { text: 'shelf/both.epub' },
        file_name: 'both.epub',
        missing_since: null,
      },
      percentage: 0.8,
      device: { id: kindle.id, name: 'Kindle', device_id: 'Kindle', friendly_name: "Anna's Kindle" },
      devices: 1,
    });
  });

  it('has the title that the file of the book has, where a pass has read it', async () => {
    const folder = await bookFolder();
    folder.write(
      '1.epub',
      makeEpub({ chapters: [{ content: xhtml('<p>1</p>') }], metadata: '<dc:title>Emma</dc:title>' }),
    );
    const { id } = await owner.expect(201, 'POST', '/libraries', { name: 'titled', root: folder.path });
    const started = await owner.expect(201, 'POST', `/libraries/${String(id)}/scans`);
    await vi.waitUntil(
      async () => (await owner.expect(200, 'GET', `/scans/${String(started.id)}`)).state === 'completed',
      { timeout: 20_000 },
    );
    const { library } = await getLibrary(server.store, OPERATOR, libraryId(id as number));
    const cleo = await server.caller({ permissions: ['feature:koreader_sync'] });
    const document = md5('1.epub');
    await push(cleo, document, 'Kobo', 0.1);
    const titles = async (): Promise<unknown[]> => {
      const { items } = await cleo.expect(200, 'GET', '/reading');
      const { items: listed } = await cleo.expect(200, 'GET', '/progress');
      const shown = await cleo.expect(200, 'GET', `/progress/${document}`);
      const ofBook = await cleo.expect(200, 'GET', `/books/${String(shown.book.id)}/reading`);
      return [items[0], listed[0], shown, ofBook.items[0]].map((each: Json) => each.book.title as unknown);
    };
    expect(await titles()).toEqual([null, null, null, null]);
    await readLibraryMetadata(server.store, library, { isPaced: false });
    expect(await titles()).toEqual(['Emma', 'Emma', 'Emma', 'Emma']);
    await removeLibrary(server.store, OPERATOR, library.id);
    await owner.expect(204, 'DELETE', `/users/${String(cleo.userId)}`);
  });

  it.each([1, 50])('without user:manage is what one reads oneself, %i a page', async (limit) => {
    expect(await reading(anna, limit)).toEqual({
      lines: [
        `${anna.name}: both.epub 0.8`,
        `${anna.name}: a text of her own 0.4`,
        `${anna.name}: one.epub 0.2`,
      ],
      unmatched: {},
    });
    // A restricted library hides the book from its reader, but not what the reader has pushed.
    expect((await reading(ben, limit)).lines).toEqual([
      `${ben.name}: ${md5('in no library')} 0.6`,
      `${ben.name}: ${md5('secret')} 0.5`,
      `${ben.name}: one.epub 0.3`,
    ]);
  });

  it.each([1, 50])('with user:manage alone has no book of a restricted library, %i a page', async (limit) => {
    expect(await reading(manager, limit)).toEqual({
      lines: [
        `${anna.name}: both.epub 0.8`,
        `${owner.name}: two.epub 0.7`,
        `${ben.name}: one.epub 0.3`,
        `${anna.name}: one.epub 0.2`,
      ],
      unmatched: { [ben.name]: 2, [anna.name]: 1 },
    });
  });

  /** Who reads a book, on all pages, as "who: percentage". */
  async function readers(caller: Caller, book: number, limit = 50): Promise<readonly string[]> {
    const lines: string[] = [];
    let cursor: string | null = null;
    do {
      const at: string = cursor === null ? '' : `&cursor=${cursor}`;
      const path = `/books/${String(book)}/reading?limit=${String(limit)}${at}`;
      const page = await caller.expect(200, 'GET', path);
      expect((page.items as Json[]).length).toBeLessThanOrEqual(limit);
      for (const { user, percentage } of page.items as Json[]) {
        lines.push(`${String(user.name)}: ${String(percentage)}`);
      }
      cursor = page.next_cursor as string | null;
    } while (cursor !== null);
    return lines;
  }

  async function bookWith(digest: string): Promise<number> {
    const { items } = await owner.expect(200, 'GET', `/books?digest=${digest}`);
    return (items as Json[])[0]?.id as number;
  }

  it('of one book is the newest push of each user under any of its digests', async () => {
    const one = await bookWith(md5('one'));
    const both = await bookWith(md5('both'));
    for (const limit of [1, 2, 50]) {
      expect(await readers(owner, one, limit)).toEqual([`${anna.name}: 0.2`, `${ben.name}: 0.3`].toSorted());
    }
    expect(await readers(owner, both)).toEqual([`${anna.name}: 0.8`]);
    expect(await readers(anna, one)).toEqual([`${anna.name}: 0.2`]);
    expect(await readers(ben, both)).toEqual([]);
    const { items } = await manager.expect(200, 'GET', `/books/${String(both)}/reading`);
    expect(items).toMatchObject([
      {
        user: { id: anna.userId },
        document: md5('both.epub'),
        book: { id: both },
        device: { name: 'Kindle' },
      },
    ]);
    await manager.expect(404, 'GET', `/books/${String(await bookWith(md5('secret')))}/reading`);
  });

  it('a page reads a bounded number of documents that the caller may not see', async () => {
    const carl = await server.caller({ permissions: ['feature:koreader_sync'] });
    for (let start = 0; start < 1500; start += 250) {
      await Promise.all(
        Array.from({ length: 250 }, (_none, index) =>
          push(carl, `free ${String(start + index)}`, 'Kobo', 0.1),
        ),
      );
    }
    const first = await manager.expect(200, 'GET', '/reading?limit=3');
    expect(first.items).toEqual([]);
    expect(first.unmatched).toEqual([{ user: { id: carl.userId, name: carl.name }, documents: 1000 }]);
    expect(first.next_cursor).not.toBeNull();
    const all = await reading(manager, 3);
    expect(all.lines).toHaveLength(4);
    expect(all.unmatched).toMatchObject({ [carl.name]: 1500, [ben.name]: 2 });
  });

  it('of one book knows the former digests of the book', async () => {
    const folder = await bookFolder({ 'again.epub': 'first' });
    const { id } = await owner.expect(201, 'POST', '/libraries', { name: 'again', root: folder.path });
    const { id: scan } = await owner.expect(201, 'POST', `/libraries/${String(id)}/scans`);
    await vi.waitUntil(
      async () => (await owner.expect(200, 'GET', `/scans/${String(scan)}`)).state === 'completed',
      { timeout: 20_000 },
    );
    await push(ben, md5('first'), 'Boox', 0.9);
    const book = await bookWith(md5('first'));
    folder.write('again.epub', 'second');
    await owner.expect(200, 'POST', `/books/${String(book)}/hash`, {});
    expect(await readers(owner, book)).toEqual([`${ben.name}: 0.9`]);
  });
});
