import { expect, it } from 'vitest';
import { jsonPath, shownPath, shownText } from '../../../server/cli/shown-text.js';

it.each([
  ['Küche 猫 \u200d', 'Küche 猫 \u200d'],
  ['a\nb\rc\td', 'a\\nb\\x0dc\\x09d'],
  ['\u001b[31m\u007f', '\\x1b[31m\\x7f'],
  ['\u0085\u009b31m', '\\u0085\\u009b31m'],
  ['\u2028\u2029', '\\u2028\\u2029'],
  ['\u202egpj.epub\u2066', '\\u202egpj.epub\\u2066'],
  ['\u061c\u200e\u200f', '\\u061c\\u200e\\u200f'],
])('text and paths show what could take over the terminal as an escape: %j', (text, shown) => {
  expect(shownText(text)).toBe(shown);
  expect(shownPath(Buffer.from(text))).toBe(shown);
});

it('shows each byte of a path that is not UTF-8', () => {
  const path = Buffer.from([0x61, 0xe4, 0x0a]);
  expect(shownPath(path)).toBe('a\\xe4\\n');
  expect(jsonPath(path)).toEqual({ path: 'a\\xe4\\n', path_base64: 'YeQK' });
});
