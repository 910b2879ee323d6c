import { isElement, isText } from './node-kinds.js';

/** What is something to look at without a text. */
const PICTURES: ReadonlySet<string> = new Set(['img', 'svg', 'video', 'math', 'hr']);

/**
 * The first text or the first picture that a page shows, as a collapsed range in front of it.
 *
 * @param visible may begin with white space, or with something that is not shown
 * @returns `undefined` when nothing is shown from there on
 */
export function firstVisiblePlace(visible: Range): Range | undefined {
  const { startContainer: start, startOffset: offset } = visible;
  const root = start.ownerDocument?.body ?? start;
  const walker = root.ownerDocument?.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  if (walker === undefined) return undefined;
  walker.currentNode = start;
  for (let node: Node | null = start; node !== null; node = walker.nextNode()) {
    if (isText(node)) {
      const shown = firstShownCharacter(node, node === start ? offset : 0);
      if (shown !== undefined) return collapsed(node, shown);
    } else if (isElement(node) && PICTURES.has(node.localName) && isShown(node)) {
      return collapsed(node, 0);
    }
  }
  return undefined;
}

function firstShownCharacter(text: Text, from: number): number | undefined {
  const ahead = text.data.slice(from).search(/\S/);
  if (ahead < 0) return undefined;
  const range = text.ownerDocument.createRange();
  range.setStart(text, from + ahead);
  range.setEnd(text, from + ahead + 1);
  return isShown(range) ? from + ahead : undefined;
}

function isShown(what: Range | Element): boolean {
  return [...what.getClientRects()].some(({ width, height }) => width > 0 && height > 0);
}

function collapsed(node: Node, offset: number): Range {
  const range = new Range();
  range.setStart(node, offset);
  range.collapse(true);
  return range;
}
