import { rmSync, writeFileSync } from 'node:fs';
import type { Page, Route } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { saveBooks } from '../../../server/book/book-repository.js';
import { insertLibrary } from '../../../server/library/library-repository.js';
import { type BookFolder, bookFolder, md5 } from '../../support/book-folder.js';
import { makeEpub, xhtml } from '../../support/epub.js';
import { SQLITE } from '../../support/databases.js';
import { openTestStore, type TestStore } from '../../support/open-test-store.js';
import { sharedSetup } from '../../support/shared-setup.js';
import { testBrowser } from '../../support/test-browser.js';
import { type ConsoleClient, KoreaderDevice } from './console-client.js';
import { type ConsoleProgram, setUpOwner, startConsole } from './console-program.js';
import { heading, visit } from './visit.js';

/** More than ten times as many as a browser could show at once without getting slow. */
const MANY_BOOKS = 30_000;
/** Rows that stand in the page at most: two windows of a tall screen. */
const MOST_ROWS = 80;
/** Grey, of one pixel. */
const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==',
  'base64',
);

describe('the books of the console', () => {
  const browser = testBrowser();
  let store: TestStore;
  let program: ConsoleProgram;
  let owner: ConsoleClient;
  let shelf: BookFolder;
  let shelfId: number;

  const setUp = async (): Promise<void> => {
    store = await openTestStore(SQLITE);
    const many = await insertLibrary(store, {
      name: 'Many',
      root: Buffer.from('/nowhere'),
      extensions: undefined,
      koreaderHashes: true,
    });
    if (many === undefined) throw new Error('the name is taken');
    const digests = { partialMd5: Buffer.alloc(16, 1), filenameMd5: Buffer.alloc(16, 2) };
    await saveBooks(
      store,
      Array.from({ length: MANY_BOOKS }, (_, number) => ({
        libraryId: many.id,
        path: Buffer.from(`series ${String(number % 100)}/volume ${String(number).padStart(6, '0')}.cbz`),
        sizeBytes: 1,
        modifiedNs: 0n,
        digests,
        failure: undefined,
      })),
      Date.now(),
    );
    program = await startConsole(store.url);
    owner = await setUpOwner(program);
    shelf = await bookFolder({
      'Melville/Moby-Dick.epub': 'Call me Ishmael.',
      'Melville/Mardi.epub': 'We are off!',
      '<script>alert(1)/<b>bold.epub': 'markup',
      'Thoreau/Walden.epub': 'Economy',
    });
    writeFileSync(
      Buffer.concat([Buffer.from(`${shelf.path}/caf`), Buffer.of(0xe9), Buffer.from('.epub')]),
      'x',
    );
    shelfId = await owner.addLibrary('Shelf', shelf.path);
  };

  sharedSetup(setUp, async () => {
    await program.close();
    await store.close();
  });

  const rows = (page: Page) => page.getByRole('list', { name: 'Books' }).getByRole('listitem');

  it('are searched while one types, and the address keeps the search', async () => {
    const { page } = await visit(browser(), program.base, { as: owner, path: 'books' });
    await heading(page, 'Books');
    await page.getByLabel('Search').pressSequentially('melville epub');
    await expect.poll(() => rows(page).count()).toBe(2);
    await page.getByText('2 books', { exact: true }).waitFor();
    await expect.poll(() => new URL(page.url()).search).toBe('?q=melville+epub');
    await page.reload();
    await page.getByRole('link', { name: 'Moby-Dick.epub' }).waitFor();
    expect(await page.getByLabel('Search').inputValue()).toBe('melville epub');
    // A book, and back to what was searched for.
    await page.getByRole('link', { name: 'Moby-Dick.epub' }).click();
    await heading(page, 'Moby-Dick.epub');
    await page.goBack();
    await expect.poll(() => rows(page).count()).toBe(2);
    await page.getByLabel('Search').fill('nowhere at all');
    await page.getByText('No book is like this').waitFor();
    await page.getByRole('link', { name: 'Show all books' }).click();
    await rows(page).first().waitFor();
    expect(await page.getByLabel('Search').inputValue()).toBe('');
  });

  it('show the answer to what was typed last, however late an earlier answer is', async () => {
    const { page } = await visit(browser(), program.base, { as: owner, path: 'books' });
    await heading(page, 'Books');
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    let isAsked = (): void => undefined;
    const asked = new Promise<void>((resolve) => (isAsked = resolve));
    await page.route(/\/books\?q=mardi/, async (route) => {
      isAsked();
      await released;
      await route.continue().catch(() => undefined); // the page has given it up
    });
    await page.getByLabel('Search').fill('mardi');
    await asked;
    await page.getByLabel('Search').fill('walden');
    await page.getByRole('link', { name: 'Walden.epub' }).waitFor();
    release();
    await page.waitForTimeout(300);
    expect(await rows(page).allInnerTexts()).toEqual([expect.stringContaining('Walden.epub')]);
  });

  it('are found by any of their digests, in upper case too', async () => {
    const { page } = await visit(browser(), program.base, { as: owner, path: 'books' });
    await page.getByLabel('Search').fill(md5('Economy').toUpperCase());
    await page.getByRole('link', { name: 'Walden.epub' }).waitFor();
    expect(await rows(page).count()).toBe(1);
    await page.getByLabel('Search').fill(md5('Walden.epub'));
    await page.getByRole('link', { name: 'Walden.epub' }).waitFor();
    await page.getByLabel('Search').fill(md5('no book'));
    await page.getByText('No book that you may see has or had this digest.').waitFor();
    await page.getByText('No push of it is stored.').waitFor();
  });

  it('are narrowed to a library and a state, in the address', async () => {
    const { page } = await visit(browser(), program.base, {
      as: owner,
      path: `books?library=${String(shelfId)}`,
    });
    await expect.poll(() => rows(page).count()).toBe(5);
    await page.getByLabel('Library').selectOption('Many');
    await page.getByRole('link', { name: 'volume 000000.cbz' }).waitFor();
    await page.getByLabel('State').selectOption('Missing');
    await page.getByText('No book is like this').waitFor();
    expect(new URL(page.url()).searchParams.get('state')).toBe('missing');
  });

  it('show names that are not UTF-8 escaped, and markup as text', async () => {
    const { page } = await visit(browser(), program.base, {
      as: owner,
      path: `books?library=${String(shelfId)}`,
    });
    await page.getByRole('link', { name: String.raw`caf\xe9.epub` }).click();
    await heading(page, String.raw`caf\xe9.epub`);
    await page.goBack();
    await page.getByRole('link', { name: '<b>bold.epub' }).click();
    await heading(page, '<b>bold.epub');
    await page.getByText('<script>alert(1)/<b>bold.epub').waitFor();
  });

  it('are many, but only those in sight stand in the page', async () => {
    const { page } = await visit(browser(), program.base, { as: owner, path: 'books?q=volume' });
    await rows(page).first().waitFor();
    // As far as it is loaded; the next page comes meanwhile.
    const goDown = async (): Promise<number> => {
      await page.keyboard.press('End');
      expect(await rows(page).count()).toBeLessThan(MOST_ROWS);
      return Number(await rows(page).last().getAttribute('aria-posinset'));
    };
    await expect.poll(goDown, { timeout: 20_000 }).toBeGreaterThan(1000);
  });

  it('show their covers, or nothing in their place, and complain about none', async () => {
    const withCover = (content: Buffer) =>
      makeEpub({
        chapters: [{ content: xhtml('<p>x</p>') }],
        metadata: '<meta name="cover" content="i"/>',
        beforeSpine: '<manifest><item id="i" href="c.png" media-type="image/png"/></manifest>',
        files: [{ name: 'OPS/c.png', content }],
      });
    const { path } = await bookFolder();
    const write = (name: string, content: Buffer) => writeFileSync(`${path}/${name}`, content);
    write('covered.epub', withCover(PICTURE));
    write('huge.epub', withCover(Buffer.concat([PICTURE, Buffer.alloc(1_000_000)])));
    write('gone.epub', withCover(PICTURE));
    write('bare.epub', makeEpub({ chapters: [{ content: xhtml('<p>x</p>') }] }));
    write('text.txt', Buffer.from('x'));
    const id = await owner.addLibrary('Covered', path);
    rmSync(`${path}/gone.epub`);
    const { page, requests } = await visit(browser(), program.base, {
      as: owner,
      path: `books?library=${String(id)}`,
    });
    await expect.poll(() => rows(page).count()).toBe(5);
    const asked = () => requests().filter((request) => request.includes('/cover')).length;
    await expect.poll(asked).toBe(4);
    const shown = (): Promise<readonly string[]> =>
      page.evaluate<string[]>(`[...document.querySelectorAll('.book-row')].filter(
        (row) => row.querySelector('img')?.naturalWidth > 0).map((row) => row.querySelector('.cut').innerText)`);
    await expect.poll(shown).toEqual(['covered.epub']);
    const places = await page.evaluate<number[]>(
      "[...document.querySelectorAll('.book-row > .cut')].map((title) => title.getBoundingClientRect().left)",
    );
    expect(new Set(places).size).toBe(1);

    // Who may not download files is not refused for each row.
    const reader = await owner.addUser('cover reader', ['feature:koreader_sync']);
    const hers = await visit(browser(), program.base, { as: reader, path: `books?library=${String(id)}` });
    await expect.poll(() => rows(hers.page).count()).toBe(5);
    expect(await hers.page.locator('img:not(.brand img)').count()).toBe(0);
  });

  it('load two covers at once, of what is in the window', async () => {
    const { page } = await visit(browser(), program.base, { as: owner, path: 'about' });
    const held: Route[] = [];
    await page.route('**/cover?*', (route) => void held.push(route));
    await page.goto(`${program.base}/ui/books?q=volume`);
    await rows(page).first().waitFor();
    const settled = (): Promise<void> =>
      page.evaluate('new Promise((done) => requestIdleCallback(() => done()))');
    await expect.poll(() => held.length).toBe(2);
    await settled();
    expect(held.length).toBe(2);
    await Promise.all(held.map((route) => route.fulfill({ status: 204 })));
    await expect.poll(() => held.length).toBe(4);
    // Those that are scrolled away are given up, for those that are seen. What is between them is not asked for.
    await page.keyboard.press('End');
    const last = (): Promise<number> =>
      page
        .locator(`a[href$="/${/books\/(\d+)/.exec(held.at(-1)?.request().url() ?? '')?.[1] ?? ''}"]`)
        .count();
    await expect.poll(async () => (held.length > 4 ? last() : 0)).toBe(1);
    await settled();
    expect(held.length).toBeLessThan(20);
  });

  it('one by one, have digests to copy, and can be hashed again', async () => {
    const { page } = await visit(browser(), program.base, { as: owner, path: 'books?q=walden' });
    await page.getByRole('link', { name: 'Walden.epub' }).click();
    await page.getByRole('heading', { name: 'Ready to sync' }).waitFor();
    const partial = page.getByLabel('Of the content (partial MD5)');
    expect(await partial.inputValue()).toBe(md5('Economy'));
    expect(await page.getByLabel('Of the file name (filename MD5)').inputValue()).toBe(md5('Walden.epub'));
    await page.getByRole('button', { name: 'Copy' }).first().click();
    await page.getByText('Copied.').waitFor();
    await page.getByRole('button', { name: 'Recalculate' }).click();
    await page.getByText('the digests are the same').waitFor();
    shelf.write('Thoreau/Walden.epub', 'Where I lived');
    await page.getByRole('button', { name: 'Recalculate' }).click();
    await page.getByText('the digests have changed').waitFor();
    await expect.poll(() => partial.inputValue()).toBe(md5('Where I lived'));
    await page.getByText('1 former digest').click();
    await page.getByText(md5('Economy')).waitFor();
  });

  it('one by one, show the other forms of their file names, and where devices have those from', async () => {
    const { path } = await bookFolder({ 'Why?.epub': 'why' });
    await owner.addLibrary('Questions', path);
    const { page } = await visit(browser(), program.base, { as: owner, path: 'books?q=why' });
    await page.getByRole('link', { name: 'Why?.epub' }).click();
    await page.getByText(/^\d other forms? of the file name/).click();
    const form = page.getByRole('listitem').filter({ hasText: md5('Why_.epub') });
    await form.getByText(/saved by Calibre|downloaded by KOReader/).waitFor();
  });

  it('one by one, show who reads them as soon as a reader pushes', async () => {
    const bella = await owner.addUser('bella <i>', ['feature:koreader_sync', 'feature:api_keys']);
    const kobo = new KoreaderDevice(await bella.addReader('Kobo'), 'Kobo <b>', 'AB');
    const { page } = await visit(browser(), program.base, { as: owner, path: 'books?q=moby' });
    await page.getByRole('link', { name: 'Moby-Dick.epub' }).click();
    await page.getByText('Nobody has a place in it.').waitFor();
    await kobo.push({ document: md5('Call me Ishmael.'), percentage: 0.4 });
    await page.getByRole('link', { name: 'bella <i>: 40%' }).waitFor();
    await page.getByText('Kobo <b>').waitFor();
    // Readers see their own places alone.
    const phone = new KoreaderDevice(await owner.addReader('Phone'), 'Phone', 'CD');
    await phone.push({ document: md5('Call me Ishmael.'), percentage: 0.9 });
    const own = await visit(browser(), program.base, {
      as: bella,
      path: new URL(page.url()).pathname.slice(4),
    });
    await own.page.getByText('You: 40%').waitFor();
    expect(await own.page.getByText('90%').count()).toBe(0);
    expect(await own.page.getByRole('button', { name: 'Recalculate' }).count()).toBe(0);
  });

  it('one by one, show the documents that are linked to them, which are linked and unlinked there', async () => {
    const cleo = await owner.addUser('cleo', ['feature:koreader_sync', 'feature:api_keys']);
    const { items } = await owner.call('GET', '/books?q=mardi');
    const path = `books/${String(items[0].id)}`;
    const kobo = new KoreaderDevice(await cleo.addReader('Kobo'), 'Kobo', 'CL');
    await kobo.pushInVain({ document: md5('Mardi, second edition'), percentage: 0.3 });
    await expect.poll(async () => (await cleo.call('GET', '/unmatched')).total).toBe(1);
    const { page } = await visit(browser(), program.base, { as: owner, path });
    const links = page.locator('section', { has: page.getByRole('heading', { name: 'Linked documents' }) });
    await links.getByText('None.').waitFor();
    await links.getByRole('button', { name: 'Link a document' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Document').fill(` ${md5('Mardi, second edition')} `);
    await dialog.getByLabel('For everybody').check();
    await dialog.getByRole('button', { name: 'Link', exact: true }).click();
    await links.getByText(md5('Mardi, second edition')).waitFor();
    await links.getByText('For everybody, by you, just now').waitFor();
    await page.getByRole('link', { name: 'cleo: 30%' }).waitFor();

    // A linked document is no digest of the book. Who searches for it is led there all the same.
    const search = await visit(browser(), program.base, {
      as: owner,
      path: `books?q=${md5('Mardi, second edition')}`,
    });
    await search.page.getByText('It is linked for everybody to the book').waitFor();
    await search.page.getByRole('link', { name: 'Show Mardi.epub' }).click();
    await heading(search.page, 'Mardi.epub');

    // Those who may not link for everybody do not unlink for everybody, nor learn who others are.
    const hers = await visit(browser(), program.base, { as: cleo, path });
    await hers.page.getByText('For everybody, by somebody').waitFor();
    expect(await hers.page.getByRole('button', { name: /^Unlink/ }).count()).toBe(0);
    await hers.page.getByRole('button', { name: 'Link a document' }).click();
    await hers.page.getByRole('dialog').getByLabel('Document').fill('mardi.mobi');
    expect(await hers.page.getByRole('checkbox').count()).toBe(0);
    await hers.page.keyboard.press('Enter');
    await hers.page.getByText('For you, by you').waitFor();
    await hers.page.getByRole('button', { name: 'Unlink mardi.mobi' }).waitFor();

    await page.getByRole('button', { name: `Unlink ${md5('Mardi, second edition')}` }).click();
    await page.getByText('no longer finds this book, for anybody').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Unlink' }).click();
    await links.getByText('None.').waitFor();
    await kobo.pushInVain({ document: md5('Mardi, second edition'), percentage: 0.4 });
    // What the server knows of a digest of the book.
    await page.getByText('What Dogear knows of the content’s digest').click();
    await page.getByText(/^It is the partial MD5 of the book \d+, Melville\/Mardi\.epub/).waitFor();
  });

  it('one by one, say once what goes wrong in several parts of their page', async () => {
    const visitor = await visit(browser(), program.base, { as: owner, path: 'account' });
    const { page, go } = visitor;
    await heading(page, 'Your account');
    visitor.allow(/answered 503/);
    const detail = 'The database is away.';
    for (const part of ['documents', 'reading']) {
      await page.route(`**/books/*/${part}`, (route) =>
        route.fulfill({ status: 503, json: { code: 'database-unavailable', detail } }),
      );
    }
    const { items } = await owner.call('GET', '/books?q=walden');
    await go(`books/${String(items[0].id)}`);
    await heading(page, 'Walden.epub');
    await page.getByText(detail).waitFor();
    await page.waitForTimeout(300);
    expect(await page.getByRole('alert').count()).toBe(1);
  });

  it('are found and named by what EPUBs say of themselves, as text', async () => {
    const override = '\u202E';
    const metadata =
      `<dc:title>&lt;b&gt;Émile&lt;/b&gt;${override}</dc:title><dc:creator>J.-J. Rousseau</dc:creator>` +
      '<dc:language>fr</dc:language><meta name="calibre:series" content="Traités"/>' +
      '<meta name="calibre:series_index" content="2"/>';
    const epub = (more: string) => makeEpub({ chapters: [{ content: xhtml('<p>x</p>') }], metadata: more });
    const { path } = await bookFolder({});
    writeFileSync(`${path}/volume-one.epub`, epub(metadata));
    writeFileSync(`${path}/rousseau.epub`, epub('<dc:title>Confessions</dc:title>'));
    const id = await owner.addLibrary('French', path);
    // The server reads them after the scan.
    const state = async (): Promise<unknown> =>
      (await owner.call('GET', `/libraries/${String(id)}`)).metadata?.state;
    await expect.poll(state, { timeout: 20_000 }).toBe('completed');
    const { page } = await visit(browser(), program.base, { as: owner, path: 'books' });
    await page.getByLabel('Search').fill('rousseau');
    // Those with the words in title and authors come first, then those with them in the path, each once.
    const shown = String.raw`<b>Émile</b>\u202e`;
    await expect
      .poll(() => rows(page).allInnerTexts())
      .toEqual([
        expect.stringMatching(/^<b>Émile<.b>.*J\.-J\. Rousseau · French › volume-one\.epub/s),
        expect.stringMatching(/^Confessions.*French › rousseau\.epub/s),
      ]);
    await page.getByText('2 books', { exact: true }).waitFor();
    await page.getByLabel('Search').fill('traités');
    await page.getByRole('link', { name: shown }).click();
    await heading(page, shown);
    await page.getByText('J.-J. Rousseau').waitFor();
    await page.getByText('Traités, 2').waitFor();
    await page.getByText('volume-one.epub').waitFor();
    expect(await page.title()).toBe(`${shown} · Dogear`);
    await page.getByRole('link', { name: 'French' }).click();
    await page.getByText('up to date: 2 new or changed EPUBs read').waitFor();
  });

  it('that change while the list is open are shown when one wants to see them', async () => {
    const { page } = await visit(browser(), program.base, {
      as: owner,
      path: `books?library=${String(shelfId)}&q=epub`,
    });
    await rows(page).first().waitFor();
    const before = await rows(page).count();
    shelf.write('Melville/Typee.epub', 'Six months at sea!');
    await owner.scan(shelfId);
    const show = page.getByRole('button', { name: 'Books have changed: show them' });
    await show.waitFor();
    expect(await rows(page).count()).toBe(before);
    // What the stream tells last of the scan may come after the first click.
    const shown = async (): Promise<number> => {
      if ((await show.count()) > 0) await show.click();
      return show.count();
    };
    await expect.poll(shown, { timeout: 10_000 }).toBe(0);
    await page.getByRole('link', { name: 'Typee.epub' }).waitFor();
    // Where nothing is listed, nothing jumps: what is new appears by itself.
    await page.getByLabel('Search').fill('omoo');
    await page.getByText('No book is like this').waitFor();
    shelf.write('Melville/Omoo.epub', 'It was in the middle of a bright tropical afternoon');
    await owner.scan(shelfId);
    await page.getByRole('link', { name: 'Omoo.epub' }).waitFor();
  });

  it('that are missing say since when, what to do, and what they may have become, with which they are joined', async () => {
    shelf.write('Melville/Pierre.epub', 'There are some strange summer mornings');
    await owner.scan(shelfId);
    shelf.remove('Melville/Pierre.epub');
    shelf.write('Melville/The Ambiguities.epub', 'There are some strange summer mornings in the country');
    await owner.scan(shelfId);
    const visitor = await visit(browser(), program.base, {
      as: owner,
      path: `books?library=${String(shelfId)}&state=missing`,
    });
    const { page } = visitor;
    const row = page.getByRole('link', { name: 'Pierre.epub' });
    await row.getByText('Missing', { exact: true }).waitFor();
    await row.click();
    await page.getByRole('heading', { name: 'Missing' }).waitFor();
    await page.getByText('Missing since').waitFor();
    visitor.allow(/\/hash answered 409/);
    await page.getByRole('button', { name: 'Recalculate' }).click();
    await page
      .getByRole('alert')
      .getByText('The file was not hashed: it does not exist any more (ENOENT).')
      .waitFor();
    await page.getByText('Melville · it is in the same folder and about as large').waitFor();
    await page.getByRole('button', { name: 'Join with The Ambiguities.epub' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Join' }).click();
    await page.getByRole('heading', { name: 'Ready to sync' }).waitFor();
    await page.getByRole('heading', { name: 'The Ambiguities.epub' }).waitFor();
    await page
      .getByText(md5('There are some strange summer mornings'), { exact: true })
      .waitFor({ state: 'attached' });
    expect(await page.getByText('What it may have become').count()).toBe(0);
  });

  it('are narrowed to any of more libraries than one answer has', async () => {
    const all = Array.from({ length: 201 }, (_, number) => `Shelf ${String(number).padStart(3, '0')}`);
    for (const name of all) {
      const root = Buffer.from(`/nowhere/${name}`);
      await insertLibrary(store, { name, root, extensions: undefined, koreaderHashes: true });
    }
    const { page } = await visit(browser(), program.base, { as: owner, path: 'books' });
    await page.getByLabel('Library').selectOption('Shelf 200');
    await page.getByText('No book is like this').waitFor();
  });

  it('that are gone say so and lead back', async () => {
    const visitor = await visit(browser(), program.base, { as: owner, path: 'books/999999' });
    const { page } = visitor;
    visitor.allow(/\/books\/999999\S* answered 404/);
    await page.getByRole('alert').getByText('There is no book 999999').waitFor();
    await page.getByRole('link', { name: 'All books' }).click();
    await heading(page, 'Books');
  });
});
