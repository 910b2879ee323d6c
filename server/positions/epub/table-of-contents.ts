import { parseAsCrengine } from '../crengine/crengine-parser.js';
import { attributeOf } from '../source/attributes.js';
import {
  ELEMENT,
  NO_NODE,
  childrenOf,
  endOf,
  nameOf,
  startOf,
  type SourceTree,
} from '../source/source-tree.js';
import type { Work } from '../work.js';
import { textContentOf } from '../source/text-content.js';
import { resolveReference } from './archive-path.js';

/** A line of the table of contents. Nested lines follow the line that they belong to. */
export interface TocEntry {
  readonly title: string;
  /** Path in the archive. */
  readonly path: string;
  /** Id of the element that the line leads to. */
  readonly fragment: string | undefined;
}

/** Books have some hundred lines. A Bible with its verses has some ten thousand. */
const MAX_ENTRIES = 20_000;
/** A title is shown on one line. */
const MAX_TITLE_UNITS = 300;

/** Reads the navigation document of EPUB 3: the links in the `nav` of the type `toc`, or else in the first `nav`. */
export function readNavigation(source: string, path: string, work: Work): TocEntry[] {
  const { tree } = parseAsCrengine(source, work);
  const nav = tocNav(tree);
  const entries: TocEntry[] = [];
  if (nav === NO_NODE) return entries;
  for (let node = nav; node < tree.nodeCount && startOf(tree, node) < endOf(tree, nav); node += 1) {
    if (tree.kind[node] !== ELEMENT || nameOf(tree, node) !== 'a') continue;
    addEntry(entries, tree, node, attributeOf(tree, node, 'href'), path);
  }
  return entries;
}

/** Reads the NCX of EPUB 2. */
export function readNcx(source: string, path: string, work: Work): TocEntry[] {
  const { tree } = parseAsCrengine(source, work);
  const entries: TocEntry[] = [];
  for (let node = 0; node < tree.nodeCount; node += 1) {
    if (tree.kind[node] !== ELEMENT || nameOf(tree, node) !== 'navpoint') continue;
    let label = NO_NODE;
    let target: string | undefined;
    for (const child of childrenOf(tree, node)) {
      if (nameOf(tree, child) === 'navlabel') label = child;
      if (nameOf(tree, child) === 'content') target = attributeOf(tree, child, 'src');
    }
    if (label !== NO_NODE) addEntry(entries, tree, label, target, path);
  }
  return entries;
}

function tocNav(tree: SourceTree): number {
  let first = NO_NODE;
  for (let node = 0; node < tree.nodeCount; node += 1) {
    if (tree.kind[node] !== ELEMENT || nameOf(tree, node) !== 'nav') continue;
    if (first === NO_NODE) first = node;
    if ((attributeOf(tree, node, 'epub:type') ?? '').split(/\s+/).includes('toc')) return node;
  }
  return first;
}

function addEntry(
  entries: TocEntry[],
  tree: SourceTree,
  titled: number,
  reference: string | undefined,
  from: string,
): void {
  if (entries.length === MAX_ENTRIES || reference === undefined) return;
  const target = resolveReference(from, reference, tree.work);
  const title = textContentOf(tree, titled, MAX_TITLE_UNITS);
  if (target !== undefined && title !== '') entries.push({ title, ...target });
}
