import { visitCharacters } from '../crengine/crengine-text.js';
import type { CrengineView } from '../crengine/crengine-view.js';
import { DROPPED, HIDDEN, IN_MATH, IN_SVG, formOf, hasBit } from '../crengine/node-bits.js';
import { endOf, isText, startOf } from '../source/source-tree.js';
import type { LocatorText } from './locator.js';

/** Where a quotation is found in a chapter. */
export interface QuoteMatches {
  /** Source offsets of the quoted place, in the order of the chapter. */
  readonly offsets: readonly number[];
}

/** Shorter texts occur in too many places. */
const MIN_QUOTE_CHARACTERS = 4;
/** A quotation with more matches does not help to find the place. */
const MAX_MATCHES = 100;
/** Readers quote some dozens of characters. Bounds the search in a chapter of one repeated letter. */
const MAX_QUOTE_CHARACTERS = 64;

/**
 * Searches the shown text of a chapter for a quotation. White space does not count, because readers write different
 * white space between blocks.
 */
export function findQuote(view: CrengineView, quote: LocatorText): QuoteMatches {
  const before = squeeze(quote.before).slice(-MAX_QUOTE_CHARACTERS);
  const after = squeeze(`${quote.highlight ?? ''}${quote.after ?? ''}`).slice(0, MAX_QUOTE_CHARACTERS);
  if (before.length + after.length < MIN_QUOTE_CHARACTERS) return { offsets: [] };
  const { text, offsets } = squeezedText(view);
  const matches: number[] = [];
  const needle = before + after;
  view.order.tree.work.scan(text.length);
  for (
    let at = text.indexOf(needle);
    at >= 0 && matches.length <= MAX_MATCHES;
    at = text.indexOf(needle, at + 1)
  ) {
    const index = at + before.length;
    matches.push(offsets[index] ?? endOf(view.order.tree, view.body));
  }
  return { offsets: matches.length > MAX_MATCHES ? [] : matches };
}

function squeeze(text: string | undefined): string {
  return (text ?? '').replaceAll(/\s+/g, '');
}

/** The chapter's text without white space, and the source offset of each of its UTF-16 units. */
function squeezedText(view: CrengineView): { text: string; offsets: Int32Array } {
  const { tree } = view.order;
  const bodyEnd = endOf(tree, view.body);
  const maxUnits = Math.max(0, bodyEnd - startOf(tree, view.body));
  const offsets = new Int32Array(maxUnits);
  const units = new Uint16Array(maxUnits);
  let length = 0;
  for (let node = view.body; node < tree.nodeCount && startOf(tree, node) < bodyEnd; node += 1) {
    if (!isText(tree, node) || hasBit(view.styled, node, DROPPED | HIDDEN | IN_SVG | IN_MATH)) continue;
    const form = formOf(tree, view.styled, node);
    visitCharacters(tree, startOf(tree, node), endOf(tree, node), form, (offset, codePoint) => {
      if (isWhite(codePoint)) return false;
      const isPair = codePoint > 0xffff;
      offsets[length] = offset;
      units[length] = isPair ? 0xd800 + ((codePoint - 0x10000) >> 10) : codePoint;
      length += 1;
      if (!isPair) return false;
      offsets[length] = offset;
      units[length] = 0xdc00 + ((codePoint - 0x10000) & 0x3ff);
      length += 1;
      return false;
    });
  }
  const text = Buffer.from(units.buffer, 0, length * 2).toString('utf16le');
  return { text, offsets };
}

const OTHER_WHITE = /\s/;

/** The same as `\s`, but fast for the usual characters. */
function isWhite(codePoint: number): boolean {
  if (codePoint <= 0x20) return codePoint === 0x20 || (codePoint >= 9 && codePoint <= 13);
  return codePoint >= 0xa0 && OTHER_WHITE.test(String.fromCodePoint(codePoint));
}
