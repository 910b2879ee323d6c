import type { Cfi, CfiStep } from '../cfi.js';
import { worse, type Confidence } from '../confidence.js';
import type { Place } from '../place.js';
import { attributeOf } from '../source/attributes.js';
import { NO_NODE, endOf, startOf, type SourceTree } from '../source/source-tree.js';
import {
  chunkTexts,
  countElementChildren,
  elementChild,
  elementsByIds,
  textNodePieces,
  type ElementsOfId,
} from './dom-children.js';
import { unitAt, visitUnits } from './dom-text.js';
import type { DomView } from './dom-view.js';

/**
 * How the CFI counts texts. The specification counts the texts between elements; epub.js counts text nodes. `auto`
 * reads a CFI by the specification, and as one of epub.js if that alone leads to a place.
 */
export type CfiDialect = 'spec' | 'epub.js' | 'auto';

/** The place of a CFI. At worst it is the start of the document, with the confidence `fragment`. */
export interface ResolvedCfi {
  readonly place: Place;
  readonly confidence: Confidence;
}

/** Follows the part of a CFI after the `!`. */
export function resolveCfi(view: DomView, cfi: Cfi, dialect: CfiDialect): ResolvedCfi {
  const tree = view.order.tree;
  let node = view.root;
  let elements: ReadonlyMap<string, ElementsOfId> | undefined;
  // Found for all steps at once, when the first of them is not where it should be.
  const byId = (id: string): number => {
    elements ??= elementsByIds(
      tree,
      cfi.contentSteps.flatMap((step) => step.id ?? []),
    );
    return elements.get(id)?.first ?? NO_NODE;
  };
  let confidence: Confidence = cfi.isNested ? 'element' : 'exact';
  for (const [position, step] of cfi.contentSteps.entries()) {
    const isLast = position === cfi.contentSteps.length - 1;
    if (step.index % 2 === 1) {
      // A text has no children, so that steps after it mean nothing.
      if (!isLast) return atElement(view, node, 'element');
      const found = resolveText(view, node, step, cfi, dialect);
      return { place: found.place, confidence: worse(confidence, found.confidence) };
    }
    const child = stepInto(tree, node, step, byId);
    if (child === undefined) {
      if (isLast && step.index === 0) return atElement(view, node, confidence);
      if (isLast && step.index / 2 === countElementChildren(tree, node) + 1) {
        return { place: { kind: 'element-end', offset: startOf(tree, node) }, confidence };
      }
      return atElement(view, node, 'element');
    }
    node = child.node;
    if (!child.isAsserted) confidence = worse(confidence, 'clamped');
  }
  // An offset on an element counts in the alternative text of an image. Readers also write `:0` on other elements.
  if (cfi.offsetUnits !== undefined && cfi.offsetUnits > 0) confidence = worse(confidence, 'element');
  return atElement(view, node, confidence);
}

interface StepResult {
  readonly node: number;
  /** The element has the id that the step asserts, or the step asserts none. */
  readonly isAsserted: boolean;
}

/** The child at the position of the step, or the element with its id if there is no such position. */
function stepInto(
  tree: SourceTree,
  parent: number,
  step: CfiStep,
  byId: (id: string) => number,
): StepResult | undefined {
  const child = elementChild(tree, parent, step.index / 2);
  if (child !== NO_NODE) {
    return { node: child, isAsserted: step.id === undefined || attributeOf(tree, child, 'id') === step.id };
  }
  const found = step.id === undefined ? NO_NODE : byId(step.id);
  return found === NO_NODE ? undefined : { node: found, isAsserted: false };
}

/** The body, the root and elements that the parser implied stand for the whole chapter. */
function atElement(view: DomView, node: number, confidence: Confidence): ResolvedCfi {
  const tree = view.order.tree;
  const offset = startOf(tree, node);
  const isImplied = offset < 0;
  if (isImplied || node === view.root || node === view.body) {
    const isSure = !isImplied && (confidence === 'exact' || confidence === 'clamped');
    const place: Place = { kind: 'element', offset: Math.max(0, startOf(tree, view.body)) };
    return { place, confidence: isSure ? confidence : 'fragment' };
  }
  return { place: { kind: 'element', offset }, confidence };
}

function resolveText(
  view: DomView,
  parent: number,
  step: CfiStep,
  cfi: Cfi,
  dialect: CfiDialect,
): ResolvedCfi {
  const tree = view.order.tree;
  const wanted = cfi.offsetUnits ?? 0;
  const ordinal = (step.index - 1) / 2;
  const chunk = dialect === 'epub.js' ? [] : chunkTexts(tree, parent, ordinal);
  const inChunk = placeInTexts(view, chunk, wanted);
  if (inChunk !== undefined) return { place: inChunk, confidence: assertText(view, chunk, inChunk, cfi) };

  // By the specification there is no such place; perhaps epub.js has counted text nodes. Offset 0 of an empty text
  // is a place, before the next element.
  if (dialect !== 'spec' && (wanted > 0 || chunk.length > 0 || dialect === 'epub.js')) {
    const pieces = textNodePieces(tree, parent, ordinal);
    const inNode = placeInTexts(view, pieces, wanted);
    const confidence = chunk.length === 0 ? 'exact' : 'clamped';
    if (inNode !== undefined) return { place: inNode, confidence };
  }
  const last = chunk.at(-1);
  if (last !== undefined) {
    return { place: { kind: 'text-end', offset: endOf(tree, last) }, confidence: 'clamped' };
  }
  const confidence = wanted === 0 ? 'exact' : 'element';
  const next = elementChild(tree, parent, ordinal + 1);
  if (next !== NO_NODE) return atElement(view, next, confidence);
  if (ordinal > countElementChildren(tree, parent)) return atElement(view, parent, 'element');
  return { place: { kind: 'element-end', offset: startOf(tree, parent) }, confidence };
}

/**
 * The place `wanted` units after the start of consecutive texts. Undefined if they are shorter, or if there are
 * none.
 */
function placeInTexts(view: DomView, texts: readonly number[], wanted: number): Place | undefined {
  const tree = view.order.tree;
  let rest = wanted;
  for (const text of texts) {
    const found = unitAt(tree, text, view.syntax, rest);
    if (found.kind === 'character') return { kind: 'character', offset: found.offset };
    rest -= found.unitCount;
  }
  const last = texts.at(-1);
  if (rest !== 0 || last === undefined) return undefined;
  return { kind: 'text-end', offset: endOf(tree, last) };
}

/** `clamped` if the CFI asserts a text that is not there, else `exact`. */
function assertText(view: DomView, texts: readonly number[], place: Place, cfi: Cfi): Confidence {
  if (cfi.textBefore === undefined && cfi.textAfter === undefined) return 'exact';
  let before = '';
  let after = '';
  for (const text of texts) {
    visitUnits(view.order.tree, text, view.syntax, (offset, unit) => {
      if (place.kind === 'text-end' || offset < place.offset) before += String.fromCharCode(unit);
      else after += String.fromCharCode(unit);
      return after.length > MAX_ASSERTED_UNITS;
    });
  }
  const isBefore = collapseSpaces(before.slice(-MAX_ASSERTED_UNITS)).endsWith(
    collapseSpaces(cfi.textBefore ?? ''),
  );
  const isAfter = collapseSpaces(after).startsWith(collapseSpaces(cfi.textAfter ?? ''));
  return isBefore && isAfter ? 'exact' : 'clamped';
}

/** Assertions have some characters. A longer one is not checked to its end. */
const MAX_ASSERTED_UNITS = 512;

function collapseSpaces(text: string): string {
  return text.replaceAll(/\s+/g, ' ');
}
