import { statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTranslator } from '../../../../../server/positions/translation/translator.js';
import { type BookFolder, bookFolder, md5 } from '../../../../support/book-folder.js';
import { testDatabases } from '../../../../support/databases.js';
import { makeEpub, xhtml } from '../../../../support/epub.js';
import { makeZip } from '../../../../support/zip.js';
import { type ApiServer, type Caller, type Json, startApiServer } from './api-server.js';

const NAVIGATION = xhtml(
  '<nav epub:type="toc"><ol><li><a href="text/1.xhtml">One</a></li><li><a href="text/2.xhtml">Two</a></li></ol></nav>',
);
const BOOK = makeEpub({
  chapters: [
    { content: xhtml('<p>first</p>') },
    { content: xhtml('<p>one</p><p>two <b>three</b> four five</p>') },
    { content: undefined },
  ],
  navigation: NAVIGATION,
});
const XPOINTER = '/body/DocFragment[2]/body/p[2]/text()[2].1';
const CFI = 'epubcfi(/6/4!/4/4/3:1)';
const KOBO = { device: 'Kobo', device_id: 'kobo-1' };
const WEB = { id: 'web-1', name: 'Web reader' };
/** Filename MD5s, which readers with that method send. */
const DOCUMENT = md5('book.epub');

const none = (reason: string, failure: string | null = null) => ({ state: 'none', reason, failure });

describe.each(testDatabases())('positions between KOReader and a web reader on $name', (kind) => {
  let server: ApiServer;
  let folder: BookFolder;
  let me: Caller;
  let library: number;

  beforeAll(async () => {
    server = await startApiServer(kind);
    folder = await bookFolder({
      'broken.epub': 'no archive',
      'other.mobi': 'x',
      'story.fb2':
        '<?xml version="1.0"?><FictionBook><body><section><title><p>I</p></title><p>one two</p></section></body></FictionBook>',
      'some.pdf': '%PDF-1.4 no',
    });
    folder.write('book.epub', BOOK);
    folder.write('gone.epub', Buffer.concat([BOOK, Buffer.from('gone')]));
    folder.write(
      'comic.cbz',
      makeZip(['1.png', '2.png', '3.png', '4.png'].map((name) => ({ name, content: name }))),
    );
    me = await server.caller({ isOwner: true });
    ({ id: library } = await me.expect(201, 'POST', '/libraries', { name: 'l', root: folder.path }));
    await scan();
    folder.remove('gone.epub');
    await scan();
  });

  afterAll(() => server.close());

  async function scan(): Promise<void> {
    const { id } = await me.expect(201, 'POST', `/libraries/${String(library)}/scans`);
    await vi.waitFor(
      async () => {
        const { state } = await me.expect(200, 'GET', `/scans/${String(id)}`);
        expect(state).toBe('completed');
      },
      { timeout: 20_000 },
    );
  }

  /** As KOReader's plugin sends it. */
  async function koreader(method: string, path: string, body?: object, key = me.key): Promise<Json> {
    const response = await fetch(`${server.url}/koreader/${key}${path}`, {
      method,
      headers: { accept: 'application/vnd.koreader.v1+json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    expect(response.status).toBe(200);
    return response.json();
  }

  const push = (document: string, progress: string, percentage: number) =>
    koreader('PUT', '/syncs/progress', { document, progress, percentage, ...KOBO });

  const translationOf = async (document: string, progress: string, percentage = 0.5): Promise<Json> => {
    await push(document, progress, percentage);
    const shown = await me.expect(200, 'GET', `/progress/${document}`);
    expect(shown.positions[0].progress).toBe(progress);
    return shown.positions[0].translation;
  };

  it('go from KOReader to the web reader and back', async () => {
    await push(DOCUMENT, XPOINTER, 0.4321);
    const shown = await me.expect(200, 'GET', `/progress/${DOCUMENT}`);
    expect(shown.positions).toMatchObject([
      {
        progress: XPOINTER,
        percentage: 0.4321,
        translation: {
          state: 'translated',
          confidence: 'exact',
          cfi: CFI,
          locator: { href: 'OPS/text/2.xhtml', text: { highlight: 'four', after: ' five' } },
          chapter_title: 'Two',
          text_before: 'one two three ',
          text_after: 'four five',
        },
      },
    ]);

    const cfi = 'epubcfi(/6/4!/4/4/3:6)';
    const placed = await me.expect(200, 'PUT', `/progress/${DOCUMENT}`, { cfi, device: WEB });
    const xpointer = '/body/DocFragment[2]/body/p[2]/text()[2].6';
    expect(placed).toMatchObject({
      progress: xpointer,
      device: WEB,
      translation: { confidence: 'exact', cfi, text_after: 'five' },
    });

    const pulled = await koreader('GET', `/syncs/progress/${DOCUMENT}`);
    expect(pulled).toEqual({
      document: DOCUMENT,
      progress: xpointer,
      percentage: placed.percentage as number,
      device: WEB.name,
      device_id: WEB.id,
      timestamp: expect.any(Number) as number,
    });
    expect(pulled.percentage).toBeGreaterThan(0);
    expect(pulled.percentage).toBeLessThan(1);
    expect(pulled.timestamp).toBe(Math.floor(Date.parse(placed.pushed_at as string) / 1000));
    const path = `${folder.path}/book.epub`;
    const translator = createTranslator({ cacheBytes: 0 });
    expect(await translator.isResolvable({ path }, pulled.progress as string)).toBe(true);

    // The partial MD5 is another document of the same book.
    const { items } = await me.expect(200, 'GET', `/books?library_id=${String(library)}`);
    const digest = (items as Json[]).find((book) => book.path.text === 'book.epub').partial_md5 as string;
    const locator = placed.translation.locator as object;
    expect(await me.expect(200, 'PUT', `/progress/${digest}`, { locator, device: WEB })).toMatchObject({
      progress: xpointer,
    });
  });

  it('are not stored for another user than the one who opened the book', async () => {
    const { user_id: id } = await me.expect(200, 'GET', '/me');
    const body = { cfi: CFI, device: { id: 'web-2', name: 'Web' } };
    const path = `/progress/${DOCUMENT}`;
    const other = await server.caller({ permissions: ['feature:koreader_sync'] });
    const refused = await other.expect(409, 'PUT', path, { ...body, expected_user_id: id });
    expect(refused).toMatchObject({ code: 'user-changed' });
    await other.expect(404, 'GET', path);
    await me.expect(200, 'PUT', path, { ...body, expected_user_id: id });
  });

  it('are refused if KOReader may not find them, or stored by their chapter if that is allowed', async () => {
    const path = `/progress/${DOCUMENT}`;
    await push(DOCUMENT, XPOINTER, 0.5);
    const refused = async (place: object, status: number, problem: object, document = DOCUMENT) => {
      const answer = await me.expect(status, 'PUT', `/progress/${document}`, { device: WEB, ...place });
      expect(answer).toMatchObject(problem);
    };
    const untranslatable = (failure: string) => ({ code: 'position-untranslatable', failure });
    await refused({ cfi: 'epubcfi(/6/40!/4/2/1:0)' }, 422, untranslatable('outside-the-book'));
    const other = { href: 'other.xhtml', locations: { totalProgression: 0.5 } };
    await refused({ locator: other }, 422, untranslatable('outside-the-book'));
    await refused({ locator: other, allow: 'chapter' }, 422, untranslatable('outside-the-book'));
    await refused({ locator: { href: 'OPS/text/2.xhtml' } }, 422, untranslatable('fragment'));
    const half = { href: 'OPS/text/2.xhtml', locations: { progression: 0.5 } };
    await refused({ locator: half }, 422, untranslatable('percentage'));
    await refused({ cfi: CFI }, 404, { code: 'book-not-found' }, md5('unknown'));
    await refused({ cfi: CFI }, 409, { code: 'book-missing' }, md5('gone.epub'));
    await refused({ cfi: CFI }, 409, { code: 'format-unsupported' }, md5('other.mobi'));
    await refused({ cfi: CFI }, 409, { code: 'format-unsupported' }, md5('comic.cbz'));
    const broken = { code: 'book-unreadable', failure: 'not-a-zip' };
    await refused({ cfi: CFI }, 409, broken, md5('broken.epub'));
    for (const wrong of [
      {},
      { cfi: CFI, locator: half },
      { cfi: XPOINTER },
      { cfi: CFI, device: { id: '', name: 'x' } },
      { cfi: CFI, device: { id: 'ü'.repeat(128), name: 'x' } },
      { cfi: CFI, device: { id: '\ud800', name: 'x' } },
      { cfi: CFI, allow: 'anything' },
    ]) {
      await refused(wrong, 422, { code: 'body-invalid' });
    }
    expect(await koreader('GET', `/syncs/progress/${DOCUMENT}`)).toMatchObject({ progress: XPOINTER });

    const allowed = { locator: half, device: WEB, allow: 'chapter' };
    const placed = await me.expect(200, 'PUT', path, allowed);
    expect(placed.translation.confidence).toBe('percentage');
    expect(await koreader('GET', `/syncs/progress/${DOCUMENT}`)).toMatchObject({
      progress: placed.progress as string,
      device_id: WEB.id,
    });
  });

  it('in a file that was changed are certain only of the chapter', async () => {
    const chapters = [{ content: xhtml('<p>one two three</p>') }];
    const edited = (content: string) => makeEpub({ chapters, files: [{ name: 'edited', content }] });
    const digestNow = async () => {
      const { items } = await me.expect(200, 'GET', `/books?library_id=${String(library)}`);
      return (items as Json[]).find((book) => book.path.text === 'edited.epub').partial_md5 as string;
    };
    folder.write('edited.epub', edited('once'));
    await scan();
    const former = await digestNow();
    const xpointer = '/body/DocFragment/body/p/text().4';
    expect(await translationOf(former, xpointer)).toMatchObject({ confidence: 'exact' });
    folder.write('edited.epub', edited('a second time'));
    await scan();
    expect(await digestNow()).not.toBe(former);
    const translation = await translationOf(former, xpointer);
    expect(translation).toMatchObject({ confidence: 'fragment', text_after: 'two three' });
    const body = { cfi: translation.cfi as string, device: WEB };
    expect(await me.expect(422, 'PUT', `/progress/${former}`, body)).toMatchObject({
      code: 'position-untranslatable',
      failure: 'book-changed',
    });
    await me.expect(200, 'PUT', `/progress/${await digestNow()}`, body);
    const placed = await me.expect(200, 'PUT', `/progress/${former}`, { ...body, allow: 'chapter' });
    expect(placed.translation.confidence).toBe('fragment');
  });

  it('in a FictionBook go to a web reader and back, with a locator in place of a CFI', async () => {
    const document = md5('story.fb2');
    const translation = await translationOf(document, '/FictionBook/body/section/p/text().4');
    expect(translation).toMatchObject({
      state: 'translated',
      confidence: 'exact',
      cfi: null,
      epubjs_cfi: null,
      locator: { href: 'story.fb2', locations: { partialCfi: '/2/2/4/1:4' } },
      chapter_title: 'I',
      text_before: 'I one ',
      text_after: 'two',
    });
    const locator = { href: 'blob:1', locations: { partialCfi: '/2/2/4/1:1' } };
    const placed = await me.expect(200, 'PUT', `/progress/${document}`, { locator, device: WEB });
    expect(placed.progress).toBe('/FictionBook/body/section/p/text().1');
    const answer = await me.expect(422, 'PUT', `/progress/${document}`, { cfi: CFI, device: WEB });
    expect(answer).toMatchObject({ code: 'position-untranslatable', failure: 'other-format' });
  });

  it('without other forms are shown with the reason', async () => {
    expect(await translationOf(DOCUMENT, 'somewhere', 0)).toMatchObject({
      state: 'translated',
      confidence: 'percentage',
      text_after: 'first',
    });
    expect(await translationOf(md5('broken.epub'), XPOINTER)).toEqual(none('book-unreadable', 'not-a-zip'));
    expect(await translationOf(md5('gone.epub'), XPOINTER)).toEqual(none('book-missing'));
    // Only the fraction is known of a place in another kind of book.
    const fraction = { state: 'fraction', confidence: 'percentage', percentage: 0.4321 };
    expect(await translationOf(md5('other.mobi'), XPOINTER, 0.4321)).toEqual(fraction);
    expect(await translationOf(md5('comic.cbz'), '3')).toEqual({ state: 'page', page: 3, page_count: 4 });
    expect(await translationOf(md5('comic.cbz'), 'half', 0.5)).toEqual({
      state: 'page',
      page: 2,
      page_count: 4,
    });
    expect(await translationOf(md5('comic.cbz'), '7')).toEqual(none('outside-the-book'));
    // The pages of a PDF are not counted: a page number is passed on, and nothing else is understood.
    const uncounted = { state: 'page', page: 7, page_count: null };
    expect(await translationOf(md5('some.pdf'), '7')).toEqual(uncounted);
    expect(await translationOf(md5('some.pdf'), 'half', 0.4321)).toEqual(fraction);
    // A file that was removed after the scan, and one in a library that this user may not see any more.
    const content = Buffer.concat([BOOK, Buffer.from('later')]);
    folder.write('later.epub', content);
    await scan();
    folder.remove('later.epub');
    expect(await translationOf(md5('later.epub'), XPOINTER)).toEqual(none('book-unreadable', 'unreadable'));
    const reader = await server.caller({ permissions: ['feature:koreader_sync'] });
    const pushed = { document: DOCUMENT, progress: XPOINTER, percentage: 0.5, ...KOBO };
    await koreader('PUT', '/syncs/progress', pushed, reader.key);
    await me.expect(200, 'PATCH', `/libraries/${String(library)}`, { restricted: true });
    const seen = await reader.expect(200, 'GET', `/progress/${DOCUMENT}`);
    expect(seen.positions[0].translation).toEqual(none('book-not-found'));
    await me.expect(200, 'PATCH', `/libraries/${String(library)}`, { restricted: false });
  });

  it('are not translated with a file that has changed since the scan, which is hashed again', async () => {
    const document = md5('changing.epub');
    folder.write('changing.epub', makeEpub({ chapters: [{ content: xhtml('<p>old</p>') }] }));
    await scan();
    const start = '/body/DocFragment/body/p/text().0';
    expect(await translationOf(document, start)).toMatchObject({ text_after: 'old' });

    folder.write('changing.epub', makeEpub({ chapters: [{ content: xhtml('<p>newer text</p>') }] }));
    const cfi = 'epubcfi(/6/2!/4/2/1:1)';
    const place = { cfi, device: WEB, allow: 'chapter' };
    const refused = await me.expect(422, 'PUT', `/progress/${document}`, place);
    expect(refused).toMatchObject({ code: 'position-untranslatable', failure: 'book-changed' });
    const shown = await me.expect(200, 'GET', `/progress/${document}`);
    expect(shown.positions.map(({ device }: { device: { name: string } }) => device.name)).toEqual(['Kobo']);

    await vi.waitFor(
      async () => expect(await translationOf(document, start)).toMatchObject({ text_after: 'newer text' }),
      { timeout: 20_000 },
    );
    await me.expect(200, 'PUT', `/progress/${document}`, place);
    // By its time alone, too: a file of the same size.
    folder.write('changing.epub', makeEpub({ chapters: [{ content: xhtml('<p>other text</p>') }] }));
    expect(await translationOf(document, start)).toEqual(none('book-changed'));
    await vi.waitFor(
      async () => expect(await translationOf(document, start)).toMatchObject({ text_after: 'other text' }),
      { timeout: 20_000 },
    );
    // By its inode and time of last change alone: of the same size and time, as a tag editor may leave it.
    await scan();
    const path = join(folder.path, 'changing.epub');
    const { atime, mtime, size } = statSync(path);
    utimesSync(path, atime, mtime);
    await scan();
    expect(await translationOf(document, start)).toMatchObject({ text_after: 'other text' });
    folder.write('changing.epub', makeEpub({ chapters: [{ content: xhtml('<p>fifth text</p>') }] }));
    utimesSync(path, atime, mtime);
    expect(statSync(path).size).toBe(size);
    expect(await translationOf(document, start)).toEqual(none('book-changed'));
    await vi.waitFor(
      async () => expect(await translationOf(document, start)).toMatchObject({ text_after: 'fifth text' }),
      { timeout: 20_000 },
    );
  });
});
