import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { bookFolder } from '../../support/book-folder.js';
import { SQLITE } from '../../support/databases.js';
import { testBrowser } from '../../support/test-browser.js';
import { type TestConsole, testConsole } from './test-console.js';
import { heading, visit } from './visit.js';

const BOOKS = 10_000;
/** A screen has some twenty rows; the list keeps some above and below. */
const MOST_ROWS = 150;

describe('a library of 10,000 books', () => {
  const browser = testBrowser();
  const fill = async ({ owner }: TestConsole): Promise<void> => {
    const names = Array.from(
      { length: BOOKS },
      (_, number) => `shelf ${String(number % 100)}/${nameOf(number)}`,
    );
    const { path } = await bookFolder(Object.fromEntries(names.map((name) => [name, name])));
    await owner.addLibrary('Many', path);
  };
  const server = testConsole({}, SQLITE, fill);

  it('is scrolled from its first to its last book with few rows in the page', async () => {
    const { program, owner } = server();
    const { page } = await visit(browser(), program.base, { as: owner, path: 'books' });
    await heading(page, 'Books');
    const rows = page.getByRole('list', { name: 'Books' }).getByRole('listitem');
    await rows.first().waitFor();
    const counts = [await rows.count()];
    for (let scrolls = 0; (await positionOf(page)) < BOOKS; scrolls += 1) {
      expect(scrolls).toBeLessThan(500);
      await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)');
      await page.waitForTimeout(20);
      counts.push(await rows.count());
    }
    expect(Math.max(...counts)).toBeLessThan(MOST_ROWS);
  });

  it('is searched by words, by a digest, and from an address', async () => {
    const { program, owner } = server();
    const { page } = await visit(browser(), program.base, { as: owner, path: 'books' });
    await page.getByRole('searchbox', { name: 'Search' }).fill(nameOf(7777).slice(0, -5));
    await page.getByRole('link', { name: nameOf(7777) }).click();
    await heading(page, nameOf(7777));
    const digest = await page.getByLabel(/partial MD5/).inputValue();
    await page.goBack();
    await heading(page, 'Books');
    expect(await page.getByRole('searchbox').inputValue()).toBe(nameOf(7777).slice(0, -5));
    await page.getByRole('searchbox').fill(digest);
    await expect.poll(() => page.getByRole('listitem').filter({ hasText: '.epub' }).count()).toBe(1);
    await page.getByRole('link', { name: nameOf(7777) }).waitFor();
  });
});

function nameOf(number: number): string {
  return `volume ${String(number).padStart(5, '0')}.epub`;
}

/** The place in the whole list of the last row that is in the page. */
async function positionOf(page: Page): Promise<number> {
  return page.evaluate<number>(
    "Math.max(0, ...[...document.querySelectorAll('[aria-posinset]')].map((row) => Number(row.getAttribute('aria-posinset'))))",
  );
}
