import { decodeAttribute, decodeReferences } from './character-references.js';
import type { SourceTree } from './source-tree.js';
import { innerStartOf, startOf } from './source-tree.js';

/** crengine ends a tag in the middle of a quoted value too (RULES.md R17). */
const ATTRIBUTE = /[\s/]*([^\s=/>"']+)(?:\s*=\s*(?:"([^"]*)"?|'([^']*)'?|([^\s>"']+)))?/y;
const TAG_NAME = /<[^\s/>]+/y;

/** No element of a book has more attributes. Bounds the work on one tag. */
const MAX_ATTRIBUTES = 64;

/** The name (as written, with its prefix) and the value (as written) of each attribute in the start tag of an element. */
function* attributesOf(tree: SourceTree, node: number): Generator<readonly [string, string]> {
  const start = startOf(tree, node);
  if (start < 0) return;
  TAG_NAME.lastIndex = start;
  const tagName = TAG_NAME.exec(tree.source)?.[0];
  if (tagName === undefined) return;
  const tag = tree.source.slice(start, innerStartOf(tree, node) - 1);
  let at = tagName.length;
  for (let count = 0; at < tag.length && count < MAX_ATTRIBUTES; count += 1) {
    tree.work.spend(1);
    ATTRIBUTE.lastIndex = at;
    const match = ATTRIBUTE.exec(tag);
    if (match === null) return;
    at = ATTRIBUTE.lastIndex;
    const [, name, double, single, bare] = match;
    if (name !== undefined) yield [name, double ?? single ?? bare ?? ''];
  }
}

/** The attribute of that name with or without a prefix, in any case. Of several it is the last one. */
export function localAttributeOf(tree: SourceTree, node: number, wanted: string): string | undefined {
  const tag = tree.source.slice(Math.max(0, startOf(tree, node)), Math.max(0, innerStartOf(tree, node)));
  tree.work.scan(tag.length);
  if (!tag.toLowerCase().includes(wanted)) return undefined;
  let found: string | undefined;
  for (const [name, value] of attributesOf(tree, node)) {
    if (name.slice(name.indexOf(':') + 1).toLowerCase() === wanted) found = value;
  }
  return found;
}

/** The attribute of that name with its prefix (`epub:type`), in lower case or in upper case (`ID`, as in HTML). */
export function attributeOf(tree: SourceTree, node: number, wanted: string): string | undefined {
  const [value] = writtenAttributesOf(tree, node, wanted);
  return value === undefined ? undefined : decodeAttribute(value);
}

/**
 * The same as crengine reads it: without spaces and tabs around it, but with line ends (RULES.md R10), and of several with
 * one name the last one (RULES.md R17).
 */
export function crengineAttributeOf(tree: SourceTree, node: number, wanted: string): string | undefined {
  const value = writtenAttributesOf(tree, node, wanted).at(-1);
  return value === undefined ? undefined : withoutEdges(decodeReferences(value));
}

/** In linear time: a pattern for the end would start anew at each space of a long series. */
function withoutEdges(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && (text[start] === ' ' || text[start] === '\t')) start += 1;
  while (end > start && (text[end - 1] === ' ' || text[end - 1] === '\t')) end -= 1;
  return text.slice(start, end);
}

function writtenAttributesOf(tree: SourceTree, node: number, wanted: string): string[] {
  // Most tags do not have the attribute. Searching for its name is cheaper than parsing the tag.
  const tag = tree.source.slice(Math.max(0, startOf(tree, node)), Math.max(0, innerStartOf(tree, node)));
  tree.work.scan(tag.length);
  const inCapitals = wanted.toUpperCase();
  if (!tag.includes(wanted) && !tag.includes(inCapitals)) return [];
  const values: string[] = [];
  for (const [name, value] of attributesOf(tree, node)) {
    if (name === wanted || name === inCapitals) values.push(value);
  }
  return values;
}
