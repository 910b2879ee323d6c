import { visitCharacters } from '../crengine/crengine-text.js';
import type { CrengineView } from '../crengine/crengine-view.js';
import { DROPPED, HIDDEN, IN_MATH, IN_SVG, formOf, hasBit } from '../crengine/node-bits.js';
import { endOf, isText, startOf } from '../source/source-tree.js';
import type { LocatorText } from './locator.js';

/** Where a quotation stands in a chapter. */
export interface QuoteMatches {
  /** Source offsets of the quoted place, in the order of the chapter. */
  readonly offsets: readonly number[];
}

/** Fewer characters than this stand anywhere. */
const MIN_QUOTE_CHARACTERS = 4;
/** A quotation that stands in more places than this tells nothing. */
const MAX_MATCHES = 100;
/** Readers quote some dozens of characters; the search must not take long in a chapter of one repeated letter. */
const MAX_QUOTE_CHARACTERS = 64;

/**
 * Searches the shown text of a chapter for a quotation. White space does not count: readers differ in what they
 * make of it between blocks.
 */
export function findQuote(view: CrengineView, quote: LocatorText): QuoteMatches {
  const before = squeeze(quote.before).slice(-MAX_QUOTE_CHARACTERS);
  const after = squeeze(`${quote.highlight ?? ''}${quote.after ?? ''}`).slice(0, MAX_QUOTE_CHARACTERS);
  if (before.length + after.length < MIN_QUOTE_CHARACTERS) return { offsets: [] };
  const { text, offsets } = squeezedText(view);
  const matches: number[] = [];
  const needle = before + after;
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
  const offsets = new Int32Array(Math.max(0, bodyEnd - startOf(tree, view.body)));
  const parts: string[] = [];
  let length = 0;
  for (let node = view.body; node < tree.nodeCount && startOf(tree, node) < bodyEnd; node += 1) {
    if (!isText(tree, node) || hasBit(view.styled, node, DROPPED | HIDDEN | IN_SVG | IN_MATH)) continue;
    let part = '';
    const form = formOf(tree, view.styled, node);
    visitCharacters(tree.source, startOf(tree, node), endOf(tree, node), form, (offset, codePoint) => {
      const character = String.fromCodePoint(codePoint);
      if (/\s/.test(character)) return false;
      for (let unit = 0; unit < character.length; unit += 1) offsets[length + unit] = offset;
      length += character.length;
      part += character;
      return false;
    });
    parts.push(part);
  }
  return { text: parts.join(''), offsets };
}
