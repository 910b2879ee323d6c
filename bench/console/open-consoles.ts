import { readdirSync, readFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { chromium, type Browser, type BrowserContext } from 'playwright-core';
import type { ConsoleClient } from '../../test/server/console/console-client.js';
import { chromiumOptions } from '../../test/support/chromium.js';

/** The lowest: browsers run on other machines, so they must not take processor time from the server here. */
const PRIORITY = 19;

/** Browsers with the first page of the console open, each with a session and an event stream of its own. */
export class OpenConsoles {
  readonly #contexts: readonly BrowserContext[];

  private constructor(contexts: readonly BrowserContext[]) {
    this.#contexts = contexts;
  }

  static async open(browser: Browser, viewers: readonly ConsoleClient[]): Promise<OpenConsoles> {
    const contexts = await Promise.all(
      viewers.map(async (viewer) => {
        const context = await browser.newContext();
        await context.addCookies([{ ...viewer.cookie, url: `${viewer.base}/api/v1` }]);
        const page = await context.newPage();
        await page.goto(`${viewer.base}/ui/`);
        await page.getByRole('heading', { level: 1 }).waitFor();
        return context;
      }),
    );
    return new OpenConsoles(contexts);
  }

  async close(): Promise<void> {
    await Promise.all(this.#contexts.map((context) => context.close()));
  }
}

export interface PoliteBrowser {
  readonly browser: Browser;
  /** Gives all processes of the browser the lowest priority; again after pages were opened. */
  stepBack(this: void): void;
  close(): Promise<void>;
}

export async function launchPoliteBrowser(executablePath: string): Promise<PoliteBrowser> {
  const server = await chromium.launchServer(chromiumOptions(executablePath));
  const browser = await chromium.connect(server.wsEndpoint());
  const { pid } = server.process();
  return {
    browser,
    stepBack: () => {
      for (const process of pid === undefined ? [] : descendants(pid)) lower(process);
    },
    close: () => server.close(),
  };
}

function lower(processId: number): void {
  try {
    setPriority(processId, PRIORITY);
  } catch {
    // It has ended.
  }
}

function descendants(root: number): readonly number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      // The name of the program is in parentheses, and may hold any character.
      const [, parent] = /^.*\) \S (\d+)/s.exec(readFileSync(`/proc/${name}/stat`, 'latin1')) ?? [];
      parents.set(Number(name), Number(parent));
    } catch {
      // It has ended.
    }
  }
  const found = [root];
  for (const id of found) {
    for (const [child, parent] of parents) if (parent === id) found.push(child);
  }
  return found;
}
