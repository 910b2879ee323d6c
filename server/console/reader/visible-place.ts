import { isElement, isText } from './node-kinds.js';

/** What is something to look at without a text. */
const PICTURES: ReadonlySet<string> = new Set(['img', 'svg', 'video', 'math', 'hr']);

/**
 * The first text or the first picture that a page shows, as a collapsed range in front of it: the first one that the browser has
 * put into the area of the page. The library's own answer is not used, because in some layouts it is the begin of the chapter.
 *
 * @param area of the page, in the coordinates of the chapter's frame
 * @returns `undefined` when nothing is shown
 */
export function firstVisiblePlace(document: Document, area: DOMRect): Range | undefined {
  const isInside = ({ left, top, width, height }: DOMRect): boolean => {
    const x = left + width / 2 - area.left;
    const y = top + height / 2 - area.top;
    return width > 0 && height > 0 && x >= 0 && x <= area.width && y >= 0 && y <= area.height;
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    if (isElement(node) && PICTURES.has(node.localName) && [...node.getClientRects()].some(isInside)) {
      return collapsed(node, 0);
    }
    if (!isText(node)) continue;
    range.selectNodeContents(node);
    if (![...range.getClientRects()].some((line) => touches(line, area))) continue;
    for (const { index } of node.data.matchAll(/\S/g)) {
      range.setStart(node, index);
      range.setEnd(node, index + 1);
      if ([...range.getClientRects()].some(isInside)) return collapsed(node, index);
    }
  }
  return undefined;
}

function touches(line: DOMRect, area: DOMRect): boolean {
  return (
    line.right >= area.left && line.left <= area.right && line.bottom >= area.top && line.top <= area.bottom
  );
}

function collapsed(node: Node, offset: number): Range {
  const range = new Range();
  range.setStart(node, offset);
  range.collapse(true);
  return range;
}
