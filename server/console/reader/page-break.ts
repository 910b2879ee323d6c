import { isElement, isText } from './node-kinds.js';

const marks = new WeakSet<Node>();

/** For counting the nodes of a chapter as if no page had been made to begin anywhere. */
export function withoutPageBreaks(node: Node): number {
  return marks.has(node) ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT;
}

/**
 * Makes a page begin with a place: with the words with which the page of the other device began. Without it they would stand
 * somewhere on the page, because every screen breaks a book differently.
 *
 * In some layouts (tables, boxes that must not be broken) browsers ignore it; the page then contains the place.
 *
 * @returns the place
 */
export function beginPageAt(place: Range): Range {
  const { startContainer: container, startOffset: offset } = place;
  if (isText(container) && /\S/.test(container.data.slice(0, offset))) {
    const rest = container.splitText(offset);
    rest.before(mark(rest));
    return startOf(rest);
  }
  const node = isText(container) ? container : (container.childNodes[offset] ?? container);
  const first = outermostBeginningWith(node);
  if (first === undefined) return place;
  if (isElement(first) && isBlock(first)) first.style.setProperty('break-before', 'column', 'important');
  else first.before(mark(first));
  return place;
}

/** `undefined`: nothing is in front of the place in the chapter. */
function outermostBeginningWith(node: Node): (ChildNode & Node) | undefined {
  const body = node.ownerDocument?.body;
  let at: Node | null = node;
  while (at !== null && at !== body) {
    for (let before = at.previousSibling; before !== null; before = before.previousSibling) {
      if (isElement(before) || (isText(before) && /\S/.test(before.data))) {
        return isElement(at) || isText(at) ? at : undefined;
      }
    }
    at = at.parentNode;
  }
  return undefined;
}

function isBlock(element: HTMLElement): boolean {
  const display = element.ownerDocument.defaultView?.getComputedStyle(element).display ?? '';
  return !/^(?:inline|contents|ruby|none)/.test(display);
}

function mark(beside: Node): HTMLElement {
  const element = (beside.ownerDocument ?? document).createElementNS('http://www.w3.org/1999/xhtml', 'span');
  marks.add(element);
  const styles = { all: 'initial', display: 'block', height: '0', 'break-after': 'column' };
  for (const [name, value] of Object.entries(styles)) element.style.setProperty(name, value, 'important');
  return element;
}

function startOf(text: Text): Range {
  const range = text.ownerDocument.createRange();
  range.setStart(text, 0);
  range.collapse(true);
  return range;
}
