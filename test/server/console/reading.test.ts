import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { partialMd5OfFile } from '../../../engine/index.js';
import { md5 } from '../../support/book-folder.js';
import { SQLITE } from '../../support/databases.js';
import { makeEpub, xhtml } from '../../support/epub.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { testBrowser } from '../../support/test-browser.js';
import { KoreaderDevice } from './console-client.js';
import { type TestConsole, testConsole } from './test-console.js';
import { heading, visit } from './visit.js';

const FEAR = 'I must not fear. Fear is the mind-killer.';

describe('what was read', () => {
  const browser = testBrowser();
  let document = '';
  const addBook = async ({ owner }: TestConsole): Promise<void> => {
    const { path } = await temporaryFolder();
    const file = join(path, 'Dune.epub');
    const chapters = ['One', 'Two'].map((name) => ({ content: xhtml(`<h1>${name}</h1><p>${FEAR}</p>`) }));
    const navigation = xhtml(
      '<nav epub:type="toc"><ol><li><a href="text/1.xhtml">Arrakis</a></li><li><a href="text/2.xhtml">Muad’Dib</a></li></ol></nav>',
    );
    writeFileSync(file, makeEpub({ chapters, navigation }));
    document = partialMd5OfFile(file).toString('hex');
    await owner.addLibrary('Novels', path);
  };
  const server = testConsole(
    { settings: ['sync.unknown_documents.api_key=store', 'sync.documents_per_user=1000'] },
    SQLITE,
    addBook,
  );

  it('is shown with the text around the place, the chapter, and how sure it is', async () => {
    const { program, owner } = server();
    const kobo = new KoreaderDevice(await owner.addReader('Kobo'), 'Kobo');
    const boox = new KoreaderDevice(await owner.addReader('Boox'), 'Boox');
    await kobo.push({ document, percentage: 0.75, progress: '/body/DocFragment[2]/body/p/text().17' });
    await boox.push({ document, percentage: 0.2, progress: '/body/DocFragment[1]/body/p' });
    await boox.push({ document, percentage: 0.25, progress: 'nonsense' });

    const { page } = await visit(browser(), program.base, { as: owner, path: 'reading' });
    await page.getByRole('link', { name: 'Dune.epub', exact: true }).click();
    await heading(page, 'Dune.epub');
    const place = page.getByRole('article').filter({ hasText: 'Kobo' });
    await place.getByText('75%').waitFor();
    await place.getByText('Muad’Dib').waitFor();
    expect(await place.getByRole('blockquote').textContent()).toContain(FEAR);
    await place.getByText('How sure: exactly here').waitFor();
    const other = page.getByRole('article').filter({ hasText: 'Boox' });
    await other.getByText('How sure: about here, by the percentage alone').waitFor();
    await other.getByText('readers get this one').waitFor();
    await page.getByRole('link', { name: 'Show the book' }).click();
    await heading(page, 'Dune.epub');
    expect(new URL(page.url()).pathname).toMatch(/\/ui\/books\/\d+$/);

    // The newest place, and whose it is.
    await page.goto(`${program.base}/ui/reading`);
    await page.getByRole('link', { name: 'Continue in the browser: Dune.epub' }).click();
    await page.getByRole('button', { name: 'Contents' }).waitFor();
    await page.getByText('Boox').waitFor();
    await page.goto(`${program.base}/ui/reading/${document}`);
    await page.getByRole('link', { name: 'Continue in the browser' }).waitFor();
  });

  it.each(['..', '~.', 'a/b %2F?#'])(
    'opens a document whose name looks like a part of a path: %s',
    async (name) => {
      const { program, owner } = server();
      const kobo = new KoreaderDevice(await owner.addReader('Kobo'), 'Kobo');
      await kobo.push({ document: name, percentage: 0.125 });
      const { page, allow } = await visit(browser(), program.base, { as: owner, path: 'reading' });
      allow(/\/progress\/\S+ answered 404/);
      await page.getByRole('link', { name, exact: true }).click();
      await heading(page, name);
      await page.reload();
      await page.getByText('12.5%').first().waitFor();
      await page.getByRole('button', { name: 'Delete the place of Kobo' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Delete the place' }).click();
      await page.getByRole('link', { name: 'To what was read' }).waitFor();
    },
  );

  it('is linked to its book where it has none', async () => {
    const { program, owner } = server();
    const kobo = new KoreaderDevice(await owner.addReader('Kobo'), 'Kobo');
    const other = md5('Dune of a shop');
    await kobo.push({ document: other, percentage: 0.5, metadata: { title: 'dune' } });
    const { page } = await visit(browser(), program.base, { as: owner, path: `reading/${other}` });
    await page.getByText('In no library that you may see.').waitFor();
    await page.getByRole('button', { name: 'Link to a book' }).click();
    await page.getByRole('radio', { name: 'Dune.epub' }).check();
    await page.getByRole('dialog').getByRole('button', { name: 'Link', exact: true }).click();
    await page.getByRole('link', { name: 'Show the book' }).waitFor();
    await page.getByText('In no library that you may see.').waitFor({ state: 'detached' });
  });

  it('has a mark for every device on one bar, none upon another', async () => {
    const { program, owner } = server();
    const document = md5('marks');
    const address = await owner.addReader('Many');
    for (const [index, percentage] of [0, 0.5, 0.51, 0.52, 1].entries()) {
      await new KoreaderDevice(address, `Reader ${String(index)}`).push({ document, percentage });
    }
    const path = `reading/${document}`;
    const { page } = await visit(browser(), program.base, { as: owner, path });
    for (const width of [1600, 320]) {
      await page.setViewportSize({ width, height: 800 });
      await page.locator('.mark').nth(4).waitFor();
      expect(await overlaps(page)).toEqual([]);
    }
  });

  it('is a curve with a table, from the history', async () => {
    const { program, owner } = server();
    const document = md5('curve');
    const device = new KoreaderDevice(await owner.addReader('Curve'), 'Kobo Libra');
    await device.push({ document, percentage: 0.1 });
    const { page } = await visit(browser(), program.base, { as: owner, path: `reading/${document}` });
    await page.getByText('No curve yet.').waitFor();
    for (const percentage of [0.2, 0.4]) await device.push({ document, percentage });
    await page.getByRole('img', { name: 'The book over time. From 10%' }).waitFor();
    await page.getByText('As a table').click();
    // The place before the last one is in the history some seconds later.
    const rows = page.getByRole('row').filter({ hasText: 'Kobo Libra' });
    await expect
      .poll(async () => await rows.locator('td:nth-child(2)').allTextContents(), {
        timeout: 20_000,
      })
      .toEqual(['40%', '20%', '10%']);
  });

  it('may be wrong: a place is deleted after a question, and the last one leads back', async () => {
    const { program, owner } = server();
    const document = md5('wrong');
    const device = new KoreaderDevice(await owner.addReader('Wrong'), 'Tablet');
    await device.push({ document, percentage: 0.99, metadata: { title: '<b>Bold</b>' } });
    const watched = await visit(browser(), program.base, { as: owner, path: `reading/${document}` });
    watched.allow(/answered 404/);
    const { page } = watched;
    await heading(page, '<b>Bold</b>');
    await page.getByRole('button', { name: 'Delete the place of Tablet' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Delete the place of Tablet' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete the place' }).click();
    await heading(page, 'No place in this document');
    await page.getByRole('link', { name: 'To what was read' }).click();
    await heading(page, 'Reading');
    expect(await device.pull(document)).not.toHaveProperty('percentage');
  });

  it('is grouped by reader for those who manage users, and leads to all that one of them reads', async () => {
    const { program, owner } = server();
    const bela = await owner.addUser('bela', ['feature:koreader_sync', 'feature:api_keys']);
    const device = new KoreaderDevice(await bela.addReader('Phone'), 'Pixel');
    await device.push({ document, percentage: 0.33 });
    const { page } = await visit(browser(), program.base, { as: owner, path: 'reading?user=all' });
    const group = page.locator('section').filter({ has: page.getByRole('heading', { name: 'bela' }) });
    await group.getByText('33%').waitFor();
    await device.push({ document, percentage: 0.34 });
    await group.getByText('34%').waitFor();
    // What is in no library is a number.
    await device.push({ document: md5('secret'), percentage: 0.5, metadata: { title: 'A secret' } });
    await page.getByText('1 document of others in no library that you may see.').waitFor();
    expect(await page.getByText('A secret').count()).toBe(0);
    await group.getByRole('link', { name: 'All that bela reads' }).click();
    await expect.poll(() => page.getByLabel('Read by').inputValue()).toMatch(/^\d+$/);
    await page.getByRole('link', { name: 'Dune.epub', exact: true }).click();
    await page.getByText('Reading of bela').waitFor();
    await page.goBack();
    await page.getByRole('link', { name: 'Dune.epub', exact: true }).waitFor();

    const own = await visit(browser(), program.base, { as: bela, path: 'reading?user=all' });
    await own.page.getByText('34%').waitFor();
    expect(await own.page.getByLabel('Read by').count()).toBe(0);
  });
});

/** Pairs of marks that cover each other. */
async function overlaps(page: Page): Promise<readonly string[]> {
  return page.evaluate<string[]>(`(() => {
    const marks = [...document.querySelectorAll('.mark')].map((mark) => [mark.textContent, mark.getBoundingClientRect()]);
    return marks.flatMap(([one, a], index) => marks.slice(index + 1)
      .filter(([, b]) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1)
      .map(([two]) => one + ' and ' + two));
  })()`);
}
