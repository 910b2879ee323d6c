import type { Page } from 'playwright-core';
import type { WorldPage } from './reading-world.js';

/** Waits until a page of the console has its heading, and nothing in it says that it loads. */
export async function loaded(page: Page): Promise<void> {
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  // Not what stands below a long list, which is loaded further when one scrolls there.
  const loading = page.locator('.loading:not(.rows ~ *), [aria-busy="true"]');
  // One part may begin to load when another one is there.
  while ((await loading.count()) > 0) await loading.first().waitFor({ state: 'detached' });
}

/** Opens a page of the world, and presses the button that it names. */
export async function openWorldPage(
  tab: Page,
  base: string,
  { path, press, shows }: WorldPage,
): Promise<void> {
  await tab.goto(`${base}/ui/${path}`);
  await loaded(tab);
  if (press === undefined || shows === undefined) return;
  await tab.getByRole('button', { name: press }).click();
  await tab.getByText(shows).first().waitFor();
}
