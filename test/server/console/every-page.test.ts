import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { accessibilityProblems } from '../../support/accessibility.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { testBrowser } from '../../support/test-browser.js';
import { HOSTILE, HOSTILE_PLAN } from './hostile-plan.js';
import { openWorldPage } from './loaded-page.js';
import { makeWorld } from './reading-world.js';
import { testConsole } from './test-console.js';
import { type Visit, visit } from './visit.js';

const WIDE = { width: 1600, height: 1000 };
/** Pages escape it, because a name with it looks like another one. */
const OVERRIDE = '\u202E';
const NARROW = { width: 320, height: 640 };

/** What is wrong with the pages, each with the name of its page. */
interface Findings {
  readonly light: string[];
  readonly dark: string[];
  readonly widths: string[];
  readonly headings: string[];
  readonly executed: string[];
  readonly titles: string[];
  /** The hostile texts that some page shows as text. */
  readonly shown: Set<string>;
}

// The names in this world are hostile, so every page is looked at with the worst that it can hold. Loading a page takes
// longer than looking at it, so each is loaded once for all tests.
describe('every page', () => {
  const browser = testBrowser();
  const server = testConsole({
    settings: ['sync.unknown_documents.api_key=store', 'sync.unknown_documents.account=reject'],
  });
  const found: Findings = {
    light: [],
    dark: [],
    widths: [],
    headings: [],
    executed: [],
    titles: [],
    shown: new Set(),
  };

  it('is loaded without a fault', async () => {
    const { program, owner } = server();
    const pages = await makeWorld(owner, (await temporaryFolder()).path, HOSTILE_PLAN);
    const signedIn = await visit(browser(), program.base, { as: owner });
    // Nobody has begun the comic, and the file of the missing book is not there.
    signedIn.allow(/\/progress\/\w+ answered 404$/);
    signedIn.allow(/\/books\/\d+\/file answered 4\d\d$/);
    const signedOut = await visit(browser(), program.base);
    for (const page of pages) {
      const visitor: Visit = page.isSignedOut === true ? signedOut : signedIn;
      await openWorldPage(visitor.page, program.base, page);
      await look(visitor.page, page.name);
    }
    expect(found.titles.length).toBe(pages.length);
  });

  async function look(page: Page, name: string): Promise<void> {
    const named = (problems: readonly string[]) => problems.map((problem) => `${name}: ${problem}`);
    found.titles.push(await page.title());
    await page.setViewportSize(WIDE);
    found.widths.push(...named(await overflow(page)));
    found.headings.push(...named(await headings(page)));
    found.executed.push(...named(await executed(page)));
    const text = await page.evaluate<string>('document.body.innerText');
    for (const [key, hostile] of Object.entries(HOSTILE)) {
      if (text.includes(hostile.replace(OVERRIDE, String.raw`\u202e`))) found.shown.add(key);
    }
    if (text.includes(OVERRIDE)) found.executed.push(`${name}: turns the direction of text`);
    found.light.push(...named(await accessibilityProblems(page)));
    await page.emulateMedia({ colorScheme: 'dark' });
    // Only colours differ.
    found.dark.push(...named(await accessibilityProblems(page, ['color-contrast'])));
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize(NARROW);
    found.widths.push(...named(await overflow(page)));
  }

  it('can be read by people with a screen reader or weak eyes, in light and dark', () => {
    expect(found.light).toEqual([]);
    expect(found.dark).toEqual([]);
  });

  it('fits into 320 and into 1,600 pixels', () => {
    expect(found.widths).toEqual([]);
  });

  it('has one main heading, and a title of its own', () => {
    expect(found.headings).toEqual([]);
    for (const title of found.titles) expect(title).toMatch(/^.+ · Dogear$/);
    // Dialogs have the title of the page on which they stand.
    expect(new Set(found.titles).size).toBeGreaterThan(10);
  });

  it('shows hostile names as text, and runs none', () => {
    expect(found.executed).toEqual([]);
    expect([...found.shown].toSorted()).toEqual(Object.keys(HOSTILE).toSorted());
  });
});

async function headings(page: Page): Promise<readonly string[]> {
  const count = await page.getByRole('heading', { level: 1 }).count();
  // A dialog in front of a page hides it from screen readers.
  const isCovered = (await page.getByRole('dialog').count()) > 0;
  return count === 1 || (isCovered && count === 0) ? [] : [`${String(count)} main headings`];
}

/** The elements that make a page wider than its window. */
async function overflow(page: Page): Promise<readonly string[]> {
  return page.evaluate<string[]>(`(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return [];
    const wide = [...document.body.querySelectorAll('*')].filter((element) => element.getBoundingClientRect().right > clientWidth + 1);
    return [\`\${scrollWidth} wide in a window of \${clientWidth}: \` + wide.slice(0, 3).map((element) => element.outerHTML.slice(0, 150)).join(' ')];
  })()`);
}

/** What became of hostile text that was taken for markup. */
async function executed(page: Page): Promise<readonly string[]> {
  return page.evaluate<string[]>(`[
    ...(globalThis.hacked === undefined ? [] : ['hostile text was run']),
    ...[...document.querySelectorAll('body script, img[src="x"], [onload], [onerror], [onclick], a[href^="javascript:"]')].map(
      (element) => 'hostile element: ' + element.outerHTML.slice(0, 150)),
  ]`);
}
