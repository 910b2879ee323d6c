import { attributeOf } from '../source/attributes.js';
import { NO_NODE, childrenOf, isElement, nameOf, parentOf, type SourceTree } from '../source/source-tree.js';
import { elementPosition } from './cfi-path.js';
import { elementById } from './dom-children.js';
import type { DomView } from './dom-view.js';

const PLAIN_IDENTIFIER = /^[A-Za-z][A-Za-z0-9_-]*$/;

/** A CSS selector that matches just this element: from the nearest id that is unique, by position from there. */
export function cssSelectorOf(view: DomView, element: number): string {
  const tree = view.order.tree;
  const parts: string[] = [];
  for (let node = element; node > 0; node = parentOf(tree, node)) {
    const id = attributeOf(tree, node, 'id');
    if (id !== undefined && PLAIN_IDENTIFIER.test(id) && isUniqueId(tree, id)) {
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

function isUniqueId(tree: SourceTree, id: string): boolean {
  let count = 0;
  for (const attribute of [`id="${id}"`, `id='${id}'`]) {
    for (let at = tree.source.indexOf(attribute); at >= 0; at = tree.source.indexOf(attribute, at + 1)) {
      count += 1;
      if (count > 1) return false;
    }
  }
  return count === 1;
}

/** One compound of a selector; what is undefined matches anything. */
interface Compound {
  readonly name: string | undefined;
  readonly id: string | undefined;
  readonly nthChild: number | undefined;
  readonly nthOfType: number | undefined;
}

const COMPOUND =
  /^([A-Za-z][A-Za-z0-9-]*|\*)?(?:#([A-Za-z0-9_-]+))?(?::(nth-child|nth-of-type)\((\d{1,9})\)|:(first-child))?$/;
/** Selectors that readers make have one part for each level of nesting. */
const MAX_COMPOUNDS = 256;

/**
 * The first element that a selector matches. Only the kind that readers make for a place is understood: names, ids,
 * `:nth-child`, `:nth-of-type`, joined by `>`. `NO_NODE` for others and where nothing matches.
 */
export function selectElement(view: DomView, selector: string): number {
  const tree = view.order.tree;
  const parts = selector.split('>').map((part) => part.trim());
  if (parts.length > MAX_COMPOUNDS) return NO_NODE;
  let current: number | undefined;
  for (const part of parts) {
    const compound = parseCompound(part);
    if (compound === undefined) return NO_NODE;
    current = current === undefined ? startElement(view, compound) : matchingChild(tree, current, compound);
    if (current === NO_NODE) return NO_NODE;
  }
  return current ?? NO_NODE;
}

function parseCompound(part: string): Compound | undefined {
  const match = COMPOUND.exec(part);
  if (match === null || part === '') return undefined;
  const [, name, id, nth, number, first] = match;
  const position = first === undefined ? (number === undefined ? undefined : Number(number)) : 1;
  return {
    name: name === '*' ? undefined : name?.toLowerCase(),
    id,
    nthChild: nth === 'nth-of-type' ? undefined : position,
    nthOfType: nth === 'nth-of-type' ? position : undefined,
  };
}

function startElement(view: DomView, compound: Compound): number {
  const tree = view.order.tree;
  // A position says nothing without a parent.
  if (compound.nthChild !== undefined || compound.nthOfType !== undefined) return NO_NODE;
  if (compound.id !== undefined) {
    const element = elementById(tree, compound.id);
    return element !== NO_NODE && isNamed(tree, element, compound) ? element : NO_NODE;
  }
  if (compound.name === 'html') return view.root;
  return compound.name === 'body' ? view.body : NO_NODE;
}

function matchingChild(tree: SourceTree, parent: number, compound: Compound): number {
  let position = 0;
  let positionOfType = 0;
  for (const child of childrenOf(tree, parent)) {
    if (!isElement(tree, child)) continue;
    position += 1;
    if (!isNamed(tree, child, compound)) continue;
    positionOfType += 1;
    if (compound.nthChild !== undefined && position !== compound.nthChild) continue;
    if (compound.nthOfType !== undefined && positionOfType !== compound.nthOfType) continue;
    if (compound.id === undefined || attributeOf(tree, child, 'id') === compound.id) return child;
  }
  return NO_NODE;
}

function isNamed(tree: SourceTree, element: number, compound: Compound): boolean {
  return compound.name === undefined || nameOf(tree, element).toLowerCase() === compound.name;
}
