import type { Page } from 'playwright-core';
import { expect } from 'vitest';

/** Words that are compared: more than any line has in common with another one. */
const CHARACTERS = 40;
/** As long as the pages of these tests wait for anything. */
const PATIENCE_MS = 20_000;

/**
 * The first words that somebody sees of a chapter, with single spaces. Reads where the browser has put each character, and
 * does not ask the reader what it thinks.
 */
export async function shownWords(page: Page): Promise<string> {
  const frame = page.frames().find((each) => each.url().startsWith('blob:'));
  const words: unknown = await frame?.evaluate(`(${READ_WORDS})(${String(CHARACTERS)})`);
  return typeof words === 'string' ? words : '';
}

/** Waits until the page of the book begins with a text, of which the first characters are compared. */
export async function showsFirst(page: Page, text: string): Promise<void> {
  await expect.poll(() => shownWords(page), { timeout: PATIENCE_MS }).toBe(text.slice(0, CHARACTERS));
}

const READ_WORDS = `(most) => {
  const { body } = document;
  if (body === null) return '';
  const at = frameElement.getBoundingClientRect();
  const seen = frameElement.parentElement.parentElement.getBoundingClientRect();
  const isSeen = ({ left, top, width, height }) =>
    width > 0 && height > 0 &&
    left + at.left >= seen.left - 1 && left + at.left + width <= seen.right + 1 &&
    top + at.top >= seen.top - 1 && top + at.top + height <= seen.bottom + 1;
  const range = document.createRange();
  const walker = document.createTreeWalker(body, NodeFilter.SHOW_TEXT);
  let words = '';
  while (walker.nextNode() && words.length < most + 20) {
    const text = walker.currentNode;
    if (words === '') {
      range.selectNodeContents(text);
      const around = range.getBoundingClientRect();
      if (around.right + at.left < seen.left || around.bottom + at.top < seen.top) continue;
    }
    let from = 0;
    while (words === '' && from < text.data.length) {
      range.setStart(text, from);
      range.setEnd(text, from + 1);
      if (/\\S/.test(text.data[from]) && [...range.getClientRects()].some(isSeen)) break;
      from += 1;
    }
    if (from === text.data.length) continue;
    words = (words + text.data.slice(from) + (text.nextSibling ? '' : ' ')).replaceAll(/\\s+/g, ' ');
  }
  return words.trim().slice(0, most);
}`;
