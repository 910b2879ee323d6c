import { CDATA, TEXT, type SourceTree } from '../source/source-tree.js';
import type { Work } from '../work.js';
import { SourceTreeBuilder } from '../source/source-tree-builder.js';

const TAG_NAME = /[^\s/>]+/y;
const END_OR_QUOTE = /[>"']/g;

/**
 * The tree that a browser's XML parser builds, as offsets into the source. Nothing is checked: the document must
 * have passed `isWellFormed`. Comments and processing instructions are no nodes, but the texts before and after one
 * are two text nodes. A CDATA section is a node of its own.
 *
 * @throws DocumentLimitError for a document with too many or too deeply nested nodes.
 */
export function parseXml(source: string, work: Work): SourceTree {
  work.scan(source.length);
  const builder = new SourceTreeBuilder(source, work);
  let at = source.indexOf('<');
  while (at >= 0 && at < source.length) {
    if (source[at] !== '<') {
      const open = source.indexOf('<', at);
      const end = open < 0 ? source.length : open;
      if (builder.depth > 0) builder.appendText(TEXT, at, end);
      at = end;
    } else if (source.startsWith('<!--', at)) {
      at = endAfter(source, '-->', at + 4);
    } else if (source.startsWith('<![CDATA[', at)) {
      const end = endAfter(source, ']]>', at + 9);
      if (end - 3 > at + 9) builder.appendText(CDATA, at + 9, end - 3);
      at = end;
    } else if (source[at + 1] === '!') {
      at = endOfDoctype(source, at + 2);
    } else if (source[at + 1] === '?') {
      at = endAfter(source, '?>', at + 2);
    } else if (source[at + 1] === '/') {
      const end = endAfter(source, '>', at + 2);
      builder.closeElement(at, end);
      at = end;
    } else {
      TAG_NAME.lastIndex = at + 1;
      const qualified = TAG_NAME.exec(source)?.[0] ?? '';
      const end = endOfXmlTag(source, at + 1 + qualified.length);
      builder.openElement(qualified.slice(qualified.indexOf(':') + 1), at, end);
      if (source[end - 2] === '/') builder.closeElement(end, end);
      at = end;
    }
  }
  return builder.seal();
}

function endAfter(source: string, mark: string, from: number): number {
  const found = source.indexOf(mark, from);
  return found < 0 ? source.length : found + mark.length;
}

/** A `>` inside a quoted value does not end the tag. */
function endOfXmlTag(source: string, from: number): number {
  let at = from;
  for (;;) {
    END_OR_QUOTE.lastIndex = at;
    const found = END_OR_QUOTE.exec(source);
    if (found === null) return source.length;
    if (found[0] === '>') return found.index + 1;
    const close = source.indexOf(found[0], found.index + 1);
    if (close < 0) return source.length;
    at = close + 1;
  }
}

/** A document type may hold declarations in brackets, and these may hold `>`, quotes and comments. */
export function endOfDoctype(source: string, from: number): number {
  let isInSubset = false;
  let at = from;
  while (at < source.length) {
    const character = source[at];
    if (character === '"' || character === "'") {
      const close = source.indexOf(character, at + 1);
      at = close < 0 ? source.length : close + 1;
    } else if (source.startsWith('<!--', at)) {
      at = endAfter(source, '-->', at + 4);
    } else if (character === '>' && !isInSubset) {
      return at + 1;
    } else {
      if (character === '[') isInSubset = true;
      if (character === ']') isInSubset = false;
      at += 1;
    }
  }
  return at;
}
