import type { Book } from '../epub/book.js';
import { attributeOf } from '../source/attributes.js';
import { ELEMENT, startOf } from '../source/source-tree.js';
import type { Chapter } from './chapter.js';

interface TitledOffset {
  readonly offset: number;
  readonly title: string;
}

/**
 * The title that a table of contents gives the place: of the last line that leads to the place or before it.
 *
 * @param chapter the parsed file of the spine item; without it the first title in the file is taken.
 */
export function chapterTitleAt(
  book: Book,
  spineIndex: number,
  chapter: Chapter | undefined,
  offset: number,
): string | undefined {
  const path = book.package.spine[spineIndex]?.path;
  const here = book.toc.filter((entry) => entry.path === path);
  if (here.length > 0 && chapter !== undefined) {
    const titles = titledOffsets(chapter, here);
    // Of several at the same place the last one is the innermost.
    const title = titles.findLast((titled) => titled.offset <= offset)?.title;
    if (title !== undefined) return title;
  }
  const first = here[0];
  if (first !== undefined && chapter === undefined) return first.title;
  return titleBefore(book, spineIndex);
}

function titledOffsets(chapter: Chapter, entries: Book['toc']): TitledOffset[] {
  const { tree } = chapter.crengine.order;
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

/** The last line of the nearest file before this one that has any. */
function titleBefore(book: Book, spineIndex: number): string | undefined {
  for (let index = spineIndex - 1; index >= 0; index -= 1) {
    const path = book.package.spine[index]?.path;
    const last = book.toc.findLast((entry) => entry.path === path);
    if (last !== undefined) return last.title;
  }
  return undefined;
}
