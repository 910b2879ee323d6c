import type { Book } from '../epub/book.js';
import { attributeOf } from '../source/attributes.js';
import { ELEMENT, childrenOf, isElement, nameOf, startOf, type SourceTree } from '../source/source-tree.js';
import { textContentOf } from '../source/text-content.js';

/** A line of the table of contents that leads into a chapter. */
export interface TitledOffset {
  /** Source offset of the element that it leads to. 0 for the start of the chapter. */
  readonly offset: number;
  readonly title: string;
}

/** The lines that lead into a chapter, in the order of the chapter. */
export function titledOffsets(tree: SourceTree, book: Book, path: string): TitledOffset[] {
  tree.work.spend(book.toc.length);
  const entries = book.toc.filter((entry) => entry.path === path);
  const wanted = new Set(entries.flatMap(({ fragment }) => (fragment === undefined ? [] : [fragment])));
  const offsets = new Map<string, number>();
  for (let node = 0; node < tree.nodeCount && offsets.size < wanted.size; node += 1) {
    if (tree.kind[node] !== ELEMENT) continue;
    const id = attributeOf(tree, node, 'id') ?? attributeOf(tree, node, 'name');
    if (id !== undefined && wanted.has(id) && !offsets.has(id)) offsets.set(id, startOf(tree, node));
  }
  return entries
    .map(({ title, fragment }) => ({ title, offset: offsets.get(fragment ?? '') ?? 0 }))
    .toSorted((a, b) => a.offset - b.offset);
}

/** A title is shown on one line. */
const MAX_TITLE_UNITS = 300;
/** As many as the lines of a table of contents. */
const MAX_HEADINGS = 20_000;
const HEADING = /^h[1-6]$/;

/** The titles of the sections of a FictionBook, or the headings of an HTML file, in their order. */
export function headingOffsets(tree: SourceTree, format: 'fiction-book' | 'html'): TitledOffset[] {
  const headings: TitledOffset[] = [];
  for (let node = 0; node < tree.nodeCount && headings.length < MAX_HEADINGS; node += 1) {
    if (tree.kind[node] !== ELEMENT) continue;
    const name = nameOf(tree, node);
    if (format === 'html' && HEADING.test(name)) addHeading(headings, tree, node, node);
    if (format !== 'fiction-book' || (name !== 'section' && name !== 'body')) continue;
    for (const child of childrenOf(tree, node)) {
      if (!isElement(tree, child)) continue;
      if (nameOf(tree, child) === 'title') addHeading(headings, tree, node, child);
      // A title is the first element, but for pictures.
      if (nameOf(tree, child) !== 'image') break;
    }
  }
  return headings;
}

function addHeading(headings: TitledOffset[], tree: SourceTree, place: number, titled: number): void {
  const title = textContentOf(tree, titled, MAX_TITLE_UNITS);
  if (title !== '') headings.push({ offset: startOf(tree, place), title });
}

/**
 * The title of a place: that of the last line of the table of contents that leads to it or to a place before it.
 *
 * @param titles of the chapter. Undefined if it cannot be read; the first title in the chapter is taken then.
 */
export function chapterTitleAt(
  book: Book,
  spineIndex: number,
  titles: readonly TitledOffset[] | undefined,
  offset: number,
): string | undefined {
  // Of several lines to the same place the last one is the innermost.
  const title = titles?.findLast((titled) => titled.offset <= offset)?.title;
  if (title !== undefined) return title;
  if (titles === undefined) {
    const path = book.package.spine[spineIndex]?.path;
    const first = book.toc.find((entry) => entry.path === path)?.title;
    if (first !== undefined) return first;
  }
  return titleBefore(book, spineIndex);
}

/** The last title in the nearest chapter before this one that has titles. */
function titleBefore(book: Book, spineIndex: number): string | undefined {
  const spineIndices = new Map(book.package.spine.map(({ path }, index) => [path, index]));
  let best: { readonly index: number; readonly title: string } | undefined;
  for (const { path, title } of book.toc) {
    const index = spineIndices.get(path) ?? -1;
    if (index >= 0 && index < spineIndex && index >= (best?.index ?? 0)) best = { index, title };
  }
  return best?.title;
}
