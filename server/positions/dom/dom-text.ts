import { htmlReference, xmlReference } from '../source/character-references.js';
import { CDATA, endOf, startOf, type SourceTree } from '../source/source-tree.js';

const LF = 0x0a;
const CR = 0x0d;
const AMPERSAND = 0x26;
/** The HTML parser's references need a decoder each. */
const REFERENCE_STEPS = 8;

/**
 * Visits the UTF-16 units of a browser's text node, with the source offset and the value of each. Every line end is
 * LF (a CRLF has the offset of its CR). References are decoded, but not in CDATA sections. Return true to stop.
 */
export function visitUnits(
  tree: SourceTree,
  node: number,
  syntax: 'xml' | 'html',
  visit: (offset: number, unit: number) => boolean,
): void {
  const { source, work } = tree;
  work.scan(endOf(tree, node) - startOf(tree, node));
  const end = endOf(tree, node);
  const decodes = tree.kind[node] !== CDATA;
  let at = startOf(tree, node);
  while (at < end) {
    const unit = source.charCodeAt(at);
    if (unit === AMPERSAND && decodes) {
      work.spend(REFERENCE_STEPS);
      const reference = syntax === 'xml' ? xmlReference(source, at) : htmlReference(source, at, end);
      if (reference !== undefined) {
        for (let index = 0; index < reference.text.length; index += 1) {
          if (visit(at + index, reference.text.charCodeAt(index))) return;
        }
        at = reference.end;
        continue;
      }
    }
    if (visit(at, unit === CR ? LF : unit)) return;
    at += unit === CR && source.charCodeAt(at + 1) === LF ? 2 : 1;
  }
}

/** Number of units of a text node with a source offset below `offset`, which is the CFI's offset of that place. */
export function unitsBefore(tree: SourceTree, node: number, syntax: 'xml' | 'html', offset: number): number {
  let units = 0;
  visitUnits(tree, node, syntax, (at) => {
    if (at >= offset) return true;
    units += 1;
    return false;
  });
  return units;
}

/** Whether a unit of a text node has this source offset, so that a CFI can name the place before it. */
export function hasUnitAt(tree: SourceTree, node: number, syntax: 'xml' | 'html', offset: number): boolean {
  let isThere = false;
  visitUnits(tree, node, syntax, (at) => {
    isThere = at === offset;
    return at >= offset;
  });
  return isThere;
}

/** The place of a unit of a text node. */
export type UnitPlace =
  /** Source offset of the character that the unit belongs to. */
  | { readonly kind: 'character'; readonly offset: number }
  /** The node has only `unitCount` units. */
  | { readonly kind: 'past'; readonly unitCount: number };

export function unitAt(tree: SourceTree, node: number, syntax: 'xml' | 'html', wanted: number): UnitPlace {
  let units = 0;
  let found = -1;
  let previous = -1;
  let isAfterHighSurrogate = false;
  visitUnits(tree, node, syntax, (offset, unit) => {
    if (units === wanted) {
      const isLowSurrogate = unit >= 0xdc00 && unit < 0xe000;
      found = isLowSurrogate && isAfterHighSurrogate ? previous : offset;
      return true;
    }
    units += 1;
    previous = offset;
    isAfterHighSurrogate = unit >= 0xd800 && unit < 0xdc00;
    return false;
  });
  return found < 0 ? { kind: 'past', unitCount: units } : { kind: 'character', offset: found };
}

/** Length of a text node in UTF-16 units. */
export function unitCount(tree: SourceTree, node: number, syntax: 'xml' | 'html'): number {
  return unitsBefore(tree, node, syntax, Number.POSITIVE_INFINITY);
}
