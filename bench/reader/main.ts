import { copyFileSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { errorMessage } from '../../server/domain/error-text.js';
import { createTranslator } from '../../server/positions/translation/translator.js';
import { KoreaderDevice } from '../../test/server/console/console-client.js';
import { shownWords } from '../../test/server/console/shown-words.js';
import { chromiumExecutable, launchChromium } from '../../test/support/chromium.js';
import { createRunFolder } from '../../test/support/run-folder.js';
import { createSqlite } from '../bench-databases.js';
import { checkBuilt, THIS_CHECKOUT } from '../checkout.js';
import { exitOnSignals } from '../child-process.js';
import { startConsoleServer } from '../console/console-server.js';
import { markdownTable } from '../record/table.js';
import { type BookPlace, placesOf } from './book-places.js';

const USAGE = `usage: npm run bench:reader -- BOOK.epub...

For 20 places of each book: KOReader pushes an x-pointer, the reader opens the book in Chromium, and its first words have to be
those at the x-pointer. Two page turns later KOReader pulls an x-pointer, whose words have to be the first ones that are shown.
`;
const PLACES_PER_BOOK = 20;
const PATIENCE_MS = 20_000;
/** Without spaces. */
const COMPARED_CHARACTERS = 20;
/** A turn goes on for as long in the library, which takes no other one meanwhile. */
const TURN_MS = 150;

interface Tally {
  in: number;
  out: number;
  /** Places behind which the book has a page. */
  turned: number;
  places: number;
}

async function main(books: readonly string[]): Promise<void> {
  if (books.length === 0 || books.some((book) => book.startsWith('-'))) {
    process.stderr.write(USAGE);
    process.exitCode = 2;
    return;
  }
  checkBuilt(THIS_CHECKOUT);
  exitOnSignals();
  const work = await createRunFolder();
  const browser = await launchChromium(await chromiumExecutable());
  try {
    const library = join(work.path, 'books');
    mkdirSync(library);
    const names = books.map((book, index) => `${String(index + 1)} ${basename(book)}`);
    for (const [index, book] of books.entries()) copyFileSync(book, join(library, names[index] ?? ''));
    const console = await startConsoleServer(createSqlite(work.path).url, work.path);
    const owner = await console.setUp();
    await owner.addLibrary('Books', library);
    const device = new KoreaderDevice(await owner.addReader('Kobo'), 'Kobo');
    const context = await browser.newContext();
    await context.addCookies([
      {
        ...owner.cookie,
        url: `${console.base}/api/v1`,
        httpOnly: true,
        sameSite: 'Strict',
      },
    ]);
    const page = await context.newPage();
    const rows: string[][] = [];
    for (const name of names) {
      const { items } = await owner.call('GET', `/books?q=${encodeURIComponent(name)}`);
      const { id, partial_md5: document } = items[0];
      const path = join(library, name);
      const tally: Tally = { in: 0, out: 0, turned: 0, places: 0 };
      for (const place of await placesOf(path, PLACES_PER_BOOK)) {
        await device.push({
          document,
          percentage: 0.5,
          progress: place.xpointer,
        });
        await page.goto(`${console.base}/ui/read/${String(id)}`);
        await readOn(page, place, tally, path, async () => (await device.pull(document)).progress);
      }
      rows.push([name, ...[tally.places, tally.in, tally.turned, tally.out].map(String)]);
      process.stderr.write(`${rows.at(-1)?.join(' | ') ?? ''}\n`);
    }
    process.stdout.write(
      markdownTable(['Book', 'Places', 'Opened exactly', 'Turned', 'Handed back exactly'], rows),
    );
    await console.server.kill();
  } finally {
    await browser.close();
    await work.remove();
  }
}

async function readOn(
  page: Page,
  { xpointer, words }: BookPlace,
  tally: Tally,
  path: string,
  pull: () => Promise<string>,
): Promise<void> {
  tally.places += 1;
  const opened = await settled(page, '');
  const isIn = areSame(opened, words);
  if (isIn) tally.in += 1;
  else
    process.stderr.write(
      `in  ${basename(path)} ${xpointer}\n  at the place: ${words}\n  shown:        ${opened}\n`,
    );
  let shown = opened;
  for (const _ of [1, 2]) {
    await page.keyboard.press('PageDown');
    shown = await settled(page, shown);
    await delay(TURN_MS);
  }
  if (areSame(shown, opened)) {
    process.stderr.write(`end ${basename(path)} ${xpointer}: no page is behind it\n`);
    return;
  }
  tally.turned += 1;
  await page.evaluate("dispatchEvent(new Event('pagehide'))");
  await page.getByText(/Your place (?:is|was not) handed back/).waitFor();
  const pulled = await pull();
  const translator = createTranslator({ cacheBytes: 0 });
  const translation = await translator.translateXpointer({ path }, pulled);
  const there = translation.state === 'translated' ? translation.textAfter : '';
  if (areSame(shown, there)) tally.out += 1;
  else
    process.stderr.write(
      `out ${basename(path)} ${pulled}\n  at the place: ${there}\n  shown:        ${shown}\n`,
    );
}

/** Where a line or an element ends, there may be a space or none. */
function areSame(shown: string, there: string): boolean {
  const [left, right] = [shown, there].map((words) =>
    words.replaceAll(/\s+/g, '').slice(0, COMPARED_CHARACTERS),
  );
  return right !== undefined && right !== '' && left?.startsWith(right) === true;
}

/** The first words once they are others than before and stay the same for a moment. */
async function settled(page: Page, before: string): Promise<string> {
  let last = '';
  const end = performance.now() + PATIENCE_MS;
  while (performance.now() < end) {
    await delay(120);
    const now = await shownWords(page).catch(() => '');
    if (now !== '' && now !== before && now === last) return now;
    last = now;
  }
  return last;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${errorMessage(error)}\n`);
  process.exitCode = 1;
}
