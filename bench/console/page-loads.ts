import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import type { ConsoleClient } from '../../test/server/console/console-client.js';
import { loaded } from '../../test/server/console/loaded-page.js';
import type { WorldPage } from '../../test/server/console/reading-world.js';
import { repositoryRoot } from '../../test/support/repository-root.js';
import { median } from '../statistics.js';

export interface BundleSize {
  readonly file: string;
  readonly bytes: number;
  /** As it is sent. */
  readonly gzipBytes: number;
}

export function bundleSizes(): readonly BundleSize[] {
  const folder = join(repositoryRoot, 'dist/server/console');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:js|css)$/.test(name))
    .toSorted()
    .map((file) => {
      const content = readFileSync(join(folder, file));
      return { file, bytes: content.length, gzipBytes: gzipSync(content, { level: 9 }).length };
    });
}

export interface PageLoad {
  readonly page: string;
  /** Until the browser paints the first text, and until the heading of the page is there; medians. */
  readonly firstPaintMs: number;
  readonly headingMs: number;
  /** Files and calls of the API, with the event stream. */
  readonly requests: number;
  /** As sent, with headers. */
  readonly sentBytes: number;
}

/** Loads a page several times, each time in a browser that has never seen the console. */
export async function measurePageLoad(
  browser: Browser,
  viewer: ConsoleClient,
  { name, path }: WorldPage,
  loadCount: number,
): Promise<PageLoad> {
  const loads: (readonly [firstPaintMs: number, headingMs: number])[] = [];
  let requests = 0;
  let sentBytes = 0;
  for (let load = 0; load < loadCount; load += 1) {
    const context = await browser.newContext();
    await context.addCookies([{ ...viewer.cookie, url: `${viewer.base}/api/v1` }]);
    await context.addInitScript(WATCH_HEADING);
    const page = await context.newPage();
    await page.goto(`${viewer.base}/ui/${path}`);
    await loaded(page);
    loads.push(
      await page.evaluate<readonly [number, number]>(
        "[performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN, globalThis.headingMs]",
      ),
    );
    // Without covers: they are as large as the books have them, and come after the page.
    const entries = await page.evaluate<readonly number[]>(
      "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].filter((entry) => !entry.name.includes('/cover?')).map((entry) => entry.transferSize)",
    );
    requests = entries.length;
    sentBytes = entries.reduce((sum, size) => sum + size, 0);
    await context.close();
  }
  return {
    page: name,
    firstPaintMs: median(loads.map(([firstPaint]) => firstPaint)),
    headingMs: median(loads.map(([, heading]) => heading)),
    requests,
    sentBytes,
  };
}

/** Notes when the heading of the page appears. */
const WATCH_HEADING = `
  new MutationObserver((_, observer) => {
    if (document.querySelector('h1') === null) return;
    globalThis.headingMs = performance.now();
    observer.disconnect();
  }).observe(document, { childList: true, subtree: true });
`;
