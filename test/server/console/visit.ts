import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { onTestFinished } from 'vitest';
import { type WatchedContext, watchedContext } from '../../support/watched-context.js';
import type { ConsoleClient } from './console-client.js';

export interface Visit extends WatchedContext {
  /** The first tab. */
  readonly page: Page;
  /** Opens a tab at a page of the console: `books/5`. */
  tab(this: void, path: string): Promise<Page>;
  /** Goes there in the first tab, as a click on a link does: the script goes on. */
  go(this: void, path: string): Promise<void>;
}

export interface VisitOptions extends BrowserContextOptions {
  /** A page below `ui/`. */
  readonly path?: string;
  /** Who is signed in; nobody by default. */
  readonly as?: ConsoleClient;
}

/**
 * Opens the console in a browser of its own. At the end of the test the browser is closed, and the test fails if anything
 * went wrong in it that the test did not allow.
 *
 * @param base of the server, with its base path
 */
export async function visit(browser: Browser, base: string, options: VisitOptions = {}): Promise<Visit> {
  const { path = '', as, ...contextOptions } = options;
  const { origin, pathname } = new URL(base);
  const basePath = pathname === '/' ? '' : pathname;
  const watched = await watchedContext(browser, origin, contextOptions);
  onTestFinished(() => watched.close());
  if (as !== undefined) await signInBrowser(watched, as);
  const tab = (to: string): Promise<Page> => watched.open(`${basePath}/ui/${to}`);
  const page = await tab(path);
  return {
    ...watched,
    page,
    tab,
    go: async (to) => {
      await page.evaluate(`history.pushState(null, '', '${basePath}/ui/${to}')`);
      // What the router listens to.
      await page.evaluate("dispatchEvent(new PopStateEvent('popstate'))");
    },
  };
}

export function signInBrowser({ context }: WatchedContext, { base, cookie }: ConsoleClient): Promise<void> {
  return context.addCookies([{ ...cookie, url: `${base}/api/v1`, httpOnly: true, sameSite: 'Strict' }]);
}

/** Waits until the page shows its heading. */
export async function heading(page: Page, name: string | RegExp): Promise<void> {
  await page.getByRole('heading', { level: 1, name }).waitFor();
}
