import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { partialMd5OfFile } from '../../../engine/index.js';
import { makeEpub, xhtml } from '../../support/epub.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { testBrowser } from '../../support/test-browser.js';
import { KoreaderDevice } from './console-client.js';
import { OWNER } from './console-program.js';
import { testConsole } from './test-console.js';
import { heading, visit } from './visit.js';

/** More than any page has on the way to what a test looks for. */
const MOST_TABS = 60;

/** Presses Tab until an element with this name has the focus. */
async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  for (let pressed = 0; pressed < MOST_TABS; pressed += 1) {
    await page.keyboard.press('Tab');
    const focused = await focusedName(page);
    if (typeof name === 'string' ? focused === name : name.test(focused)) return;
  }
  throw new Error(`Tab does not lead to ${String(name)}; the focus is on ${await focusedName(page)}`);
}

/** What a screen reader would say of the element that has the focus. */
function focusedName(page: Page): Promise<string> {
  return page.evaluate<string>(`(() => {
    const element = document.activeElement;
    const labels = [...(element.labels ?? [])].map((label) => label.textContent).join(' ');
    return (element.getAttribute('aria-label') ?? (labels || element.textContent)).trim();
  })()`);
}

describe('without a mouse', () => {
  const browser = testBrowser();
  const server = testConsole({ settings: ['sync.unknown_documents.api_key=store'] });

  it('one signs in, goes to a page, makes an API key, and revokes it', async () => {
    const { page } = await visit(browser(), server().program.base);
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await tabTo(page, 'Name');
    await page.keyboard.type(OWNER.name);
    await tabTo(page, 'Password');
    await page.keyboard.type(OWNER.password);
    await page.keyboard.press('Enter');
    await heading(page, /aaron/);

    await tabTo(page, 'API keys');
    await page.keyboard.press('Enter');
    await heading(page, 'API keys');
    await tabTo(page, 'Make a key');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    // Escape closes a dialog, and the focus is where it was.
    await page.keyboard.press('Escape');
    // It is closed a moment before the page knows it.
    await page.locator('dialog').waitFor({ state: 'detached' });
    expect(await focusedName(page)).toBe('Make a key');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await tabTo(page, 'Name');
    await page.keyboard.type('Kobo');
    await page.keyboard.press('Enter');
    await page.getByLabel('Key', { exact: true }).waitFor();

    await tabTo(page, 'Revoke Kobo');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await tabTo(page, 'Revoke the key');
    await page.keyboard.press('Enter');
    await page.getByText('Kobo is revoked.').waitFor();
  });

  it('one gives a device a name', async () => {
    const { program, owner } = server();
    const address = await owner.addReader('Kindle');
    // Another one at each try of the test.
    const tried = randomUUID().slice(0, 8);
    const name = `Kindle ${tried}`;
    const friendlyName = `Kitchen ${tried}`;
    await new KoreaderDevice(address, name).push({ document: 'a'.repeat(32), percentage: 0.5 });
    const { page } = await visit(browser(), program.base, { as: owner, path: 'devices' });
    await page.getByRole('heading', { name }).waitFor();
    await tabTo(page, `Rename ${name}`);
    await page.keyboard.press('Enter');
    // The field is in the page a moment before it has the focus.
    await page.locator('input:focus').waitFor();
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type(friendlyName);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: friendlyName }).waitFor();
    expect(await focusedName(page)).toBe(`Rename ${friendlyName}`);
  });

  it('one opens what one reads, goes to a chapter, and closes the book', async () => {
    const { program, owner } = server();
    const { path } = await temporaryFolder();
    // Another one at each try of the test.
    const name = `Walden ${randomUUID().slice(0, 8)}`;
    const file = join(path, `${name}.epub`);
    const chapters = ['Economy', 'Sounds'].map((title) => ({
      content: xhtml(`<h1>${title}</h1><p>${name}</p>`),
    }));
    const navigation = xhtml(
      '<nav epub:type="toc"><ol><li><a href="text/1.xhtml">Economy</a></li><li><a href="text/2.xhtml">Sounds</a></li></ol></nav>',
    );
    writeFileSync(file, makeEpub({ chapters, navigation }));
    await owner.addLibrary(name, path);
    const kobo = new KoreaderDevice(await owner.addReader('Walden'), 'Walden');
    await kobo.push({
      document: partialMd5OfFile(file).toString('hex'),
      percentage: 0.1,
      progress: '/body/DocFragment[1]/body/h1/text().0',
    });
    const { page } = await visit(browser(), program.base, { as: owner, path: 'reading' });
    await page.getByRole('link', { name: `${name}.epub`, exact: true }).waitFor();
    await tabTo(page, `Continue in the browser: ${name}.epub`);
    await page.keyboard.press('Enter');
    await page.getByText('Economy, ').waitFor();
    await tabTo(page, 'Contents');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await tabTo(page, 'Sounds');
    await page.keyboard.press('Enter');
    await page.getByText('Sounds, ').waitFor();
    await page.locator('dialog').waitFor({ state: 'detached' });
    expect(await focusedName(page)).toBe('Contents');
    await tabTo(page, 'Appearance');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
    expect(await focusedName(page)).toBe('Appearance');
    // On through the page of the book, and round to the beginning.
    await tabTo(page, 'Place in the book');
    await tabTo(page, 'Close the book');
    await page.keyboard.press('Enter');
    await heading(page, `${name}.epub`);
  });

  it('one skips the list of pages', async () => {
    const { program, owner } = server();
    const { page } = await visit(browser(), program.base, { as: owner, path: 'koreader' });
    await page.getByLabel('Name of the key').waitFor();
    await tabTo(page, 'Skip to the page');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await page.evaluate("document.activeElement.closest('main') !== null")).toBe(true);
  });

  it('one copies a key where there is no clipboard', async () => {
    const { program, owner } = server();
    const { context, page } = await visit(browser(), program.base, { as: owner });
    // As on plain HTTP in an old browser: neither way of copying is there.
    await context.addInitScript(
      "Object.defineProperty(navigator, 'clipboard', { value: undefined }); document.execCommand = () => false;",
    );
    await page.goto(`${program.base}/ui/api-keys?new=1`);
    await page.getByRole('dialog').getByLabel('Name').fill('Phone');
    await page.getByRole('button', { name: 'Make the key' }).click();
    const field = page.getByLabel('Key', { exact: true });
    await field.waitFor();
    await page.getByRole('button', { name: 'Copy' }).first().click();
    await page.getByText('Selected. Press Ctrl+C').waitFor();
    const key = await field.inputValue();
    const selected = await page.evaluate<string>(
      'document.activeElement.value.slice(document.activeElement.selectionStart, document.activeElement.selectionEnd)',
    );
    expect(selected).toBe(key);
  });
});
