import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { errorMessage } from '../../server/domain/error-text.js';
import type { ConsoleClient } from '../../test/server/console/console-client.js';
import { openWorldPage } from '../../test/server/console/loaded-page.js';
import { makeWorld, type WorldPage } from '../../test/server/console/reading-world.js';
import { chromiumExecutable, launchChromium } from '../../test/support/chromium.js';
import { createRunFolder } from '../../test/support/run-folder.js';
import { createSqlite } from '../bench-databases.js';
import { checkBuilt, THIS_CHECKOUT } from '../checkout.js';
import { exitOnSignals } from '../child-process.js';
import { BELIEVABLE_PLAN } from './believable-plan.js';
import { type ConsoleServer, startConsoleServer } from './console-server.js';
import { spreadReading } from './past-reading.js';

const USAGE = `usage: npm run screenshots -- FOLDER [NAME...]

Takes a picture of every page of the console, light and dark, wide and narrow, into the folder. With names: only the pictures
whose names contain one of them, such as home-wide or library-narrow-dark.
`;
const SCHEMES = ['light', 'dark'] as const;
const WIDTHS = { wide: { width: 1280, height: 800 }, narrow: { width: 360, height: 740 } } as const;
const DAYS_OF_HISTORY = 30;
/** Of longer pages, such as lists, the first screen says enough. */
const TALLEST_PX = 4000;
/** So that a scan of the comics runs as long as its pictures take. */
const SLOW_FILE_MS = '60';
/** Of the files of the scan, when the first picture is taken. */
const SCANNED = 0.3;

async function main([folder, ...names]: readonly string[]): Promise<void> {
  if (folder === undefined || [folder, ...names].some((each) => each.startsWith('-'))) {
    process.stderr.write(USAGE);
    process.exitCode = 2;
    return;
  }
  checkBuilt(THIS_CHECKOUT);
  exitOnSignals();
  mkdirSync(folder, { recursive: true });
  const work = await createRunFolder();
  const browser = await launchChromium(await chromiumExecutable());
  try {
    const database = createSqlite(work.path);
    const slowStorage = join(work.path, 'slow');
    const console = await startConsoleServer(database.url, work.path, slowStorage);
    const camera = new Camera(browser, console.base, folder, names);
    await camera.take([
      { name: 'setup', path: await console.setupPath(), isSignedOut: true },
      { name: 'no-owner', path: '', isSignedOut: true },
    ]);
    const owner = await console.setUp();
    await camera.take(EMPTY_PAGES, owner);
    const pages = await makeWorld(owner, join(work.path, 'books'), BELIEVABLE_PLAN);
    await spreadReading(database.url, DAYS_OF_HISTORY);
    await camera.take(pages, owner);
    await takeRunningScan(camera, owner, slowStorage);
    await stopServer(console);
  } finally {
    await browser.close();
    await work.remove();
  }
}

/** What somebody sees who has just begun. */
const EMPTY_PAGES: readonly WorldPage[] = [
  '',
  'libraries',
  'books',
  'reading',
  'unmatched',
  'devices',
  'api-keys',
  'koreader',
].map((path) => ({ name: `empty-${path === '' ? 'home' : path}`, path }));

async function takeRunningScan(camera: Camera, owner: ConsoleClient, slowStorage: string): Promise<void> {
  writeFileSync(slowStorage, SLOW_FILE_MS);
  const { items } = await owner.call('GET', '/libraries');
  const { id } = items.find(({ name }: { readonly name: string }) => name === 'Comics');
  const scan = await owner.call('POST', `/libraries/${String(id)}/scans`, { regen_hashes: true });
  for (;;) {
    const { state, counts, expected_files: expected } = await owner.call('GET', `/scans/${String(scan.id)}`);
    if (state !== 'running' || counts.hashed > expected * SCANNED) break;
    await delay(100);
  }
  await camera.take(
    [
      { name: 'running-scan-home', path: '' },
      { name: 'running-scan-library', path: `libraries/${String(id)}` },
    ],
    owner,
  );
  await owner.call('POST', `/scans/${String(scan.id)}/cancel`, {});
}

async function stopServer({ server }: ConsoleServer): Promise<void> {
  await server.kill();
}

class Camera {
  readonly #browser: Browser;
  readonly #base: string;
  readonly #folder: string;
  readonly #names: readonly string[];

  /** @param names what the names of pictures must contain, one of them; all pictures without any */
  constructor(browser: Browser, base: string, folder: string, names: readonly string[]) {
    this.#browser = browser;
    this.#base = base;
    this.#folder = folder;
    this.#names = names;
  }

  /** @param viewer who is signed in, but for pages for visitors */
  async take(pages: readonly WorldPage[], viewer?: ConsoleClient): Promise<void> {
    for (const scheme of SCHEMES) {
      for (const [width, viewport] of Object.entries(WIDTHS)) {
        for (const isSignedOut of [true, false]) {
          const shown = pages
            .filter((page) => (page.isSignedOut === true) === isSignedOut)
            .map((page) => ({ page, picture: `${page.name}-${width}-${scheme}.png` }))
            .filter(({ picture }) => this.#isWanted(picture));
          if (shown.length === 0) continue;
          const context = await this.#browser.newContext({ colorScheme: scheme, viewport, locale: 'en-GB' });
          if (!isSignedOut && viewer !== undefined) {
            await context.addCookies([{ ...viewer.cookie, url: `${this.#base}/api/v1` }]);
          }
          const tab = await context.newPage();
          for (const { page, picture } of shown) await this.#take(tab, page, join(this.#folder, picture));
          await context.close();
        }
      }
    }
  }

  #isWanted(picture: string): boolean {
    return this.#names.length === 0 || this.#names.some((name) => picture.includes(name));
  }

  async #take(tab: Page, page: WorldPage, file: string): Promise<void> {
    // A page of its own each time: the link of the setup page stands behind "#".
    await tab.goto('about:blank');
    await openWorldPage(tab, this.#base, page);
    // Numbers of the live stream come a moment after the page.
    await tab.waitForTimeout(300);
    const height = await tab.evaluate<number>('document.documentElement.scrollHeight');
    const window = tab.viewportSize();
    if (height < TALLEST_PX && window !== null) {
      // Covers are loaded when they are in the window.
      await tab.setViewportSize({ width: window.width, height: Math.max(window.height, height) });
      await tab.waitForTimeout(300);
    }
    await tab.screenshot({ path: file, animations: 'disabled' });
    if (window !== null) await tab.setViewportSize(window);
    process.stderr.write(`${file}\n`);
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${errorMessage(error)}\n`);
  process.exitCode = 1;
}
