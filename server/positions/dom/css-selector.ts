import { attributeOf } from '../source/attributes.js';
import { parseSelectors, type Compound } from '../source/selector.js';
import { NO_NODE, childrenOf, isElement, nameOf, parentOf, type SourceTree } from '../source/source-tree.js';
import { elementPosition } from './cfi-path.js';
import { elementById, elementsByIds } from './dom-children.js';
import type { DomView } from './dom-view.js';

/** Of a length that real books have. */
const PLAIN_IDENTIFIER = /^[A-Za-z][A-Za-z0-9_-]{0,255}$/;

/** A CSS selector that matches only this element: the nearest unique id above it, and positions from there. */
export function cssSelectorOf(view: DomView, element: number): string {
  const tree = view.order.tree;
  const ids = new Map<number, string>();
  for (let node = element; node > 0; node = parentOf(tree, node)) {
    const id = attributeOf(tree, node, 'id');
    if (id !== undefined && PLAIN_IDENTIFIER.test(id)) ids.set(node, id);
  }
  // All of them at once: looking for each would take a pass over the document for each level.
  const elements = elementsByIds(tree, ids.values());
  const parts: string[] = [];
  for (let node = element; node > 0; node = parentOf(tree, node)) {
    const id = ids.get(node);
    if (id !== undefined && elements.get(id)?.isOnly === true) {
      parts.push(`#${id}`);
      break;
    }
    const name = nameOf(tree, node);
    if (node === view.root || node === view.body) {
      parts.push(name);
      break;
    }
    parts.push(`${name}:nth-child(${elementPosition(tree, node)})`);
  }
  return parts.toReversed().join(' > ');
}

/**
 * The first element that a selector matches. Only selectors as readers write them for a place are understood:
 * names, ids, `:first-child`, `:nth-child` and `:nth-of-type`, joined by `>`, from an id, `html` or `body` on.
 * `NO_NODE` for any other selector, and if nothing matches.
 */
export function selectElement(view: DomView, text: string): number {
  const [selector, ...others] = parseSelectors(text, view.order.tree.work).selectors;
  if (selector === undefined || others.length > 0 || !selector.isUnderstood) return NO_NODE;
  if (selector.pseudoElement !== undefined) return NO_NODE;
  if (selector.context.some(({ relation }) => relation !== 'parent')) return NO_NODE;
  const [outermost, ...steps] = [
    ...selector.context.map(({ compound }) => compound).toReversed(),
    selector.subject,
  ];
  if (outermost === undefined || [outermost, ...steps].some(isOther)) return NO_NODE;
  let current = startElement(view, outermost);
  for (const step of steps) {
    if (current === NO_NODE) return NO_NODE;
    current = matchingChild(view.order.tree, current, step);
  }
  return current;
}

function isOther({ classes, attributes, positions, isEmpty, lists, isPartial }: Compound): boolean {
  if (isPartial || isEmpty || positions.length > 1 || positions.some(({ isFromEnd }) => isFromEnd))
    return true;
  return classes.length + attributes.length + lists.length > 0;
}

function startElement(view: DomView, compound: Compound): number {
  const tree = view.order.tree;
  // A position without a parent means nothing.
  if (compound.positions.length > 0) return NO_NODE;
  if (compound.id !== undefined) {
    const element = elementById(tree, compound.id);
    return element !== NO_NODE && isNamed(tree, element, compound) ? element : NO_NODE;
  }
  if (compound.name === 'html') return view.root;
  return compound.name === 'body' ? view.body : NO_NODE;
}

function matchingChild(tree: SourceTree, parent: number, compound: Compound): number {
  const [wanted] = compound.positions;
  let position = 0;
  let positionOfType = 0;
  for (const child of childrenOf(tree, parent)) {
    if (!isElement(tree, child)) continue;
    position += 1;
    if (!isNamed(tree, child, compound)) continue;
    positionOfType += 1;
    if (wanted !== undefined && wanted.n !== (wanted.isOfType ? positionOfType : position)) continue;
    if (compound.id === undefined || attributeOf(tree, child, 'id') === compound.id) return child;
  }
  return NO_NODE;
}

function isNamed(tree: SourceTree, element: number, compound: Compound): boolean {
  return compound.name === undefined || nameOf(tree, element).toLowerCase() === compound.name;
}
