import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, inject } from 'vitest';
import { type BrowserOptions, launchChromium } from './chromium.js';
import { pathOf } from './console-global-setup.js';

/** One browser for all tests of a file: starting one takes longer than most of them. */
export function testBrowser(options: BrowserOptions = {}): () => Browser {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await launchChromium(pathOf(inject('chromium')), options);
  });
  afterAll(() => browser?.close());
  return () => {
    if (browser === undefined) throw new Error('the browser starts with the first test');
    return browser;
  };
}
