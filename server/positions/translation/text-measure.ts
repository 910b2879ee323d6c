import type { CrengineView } from '../crengine/crengine-view.js';
import { DROPPED, HIDDEN, IN_MATH, IN_SVG, hasBit } from '../crengine/node-bits.js';
import type { Place } from '../place.js';
import { NO_NODE, endOf, innerEndOf, innerStartOf, isText, startOf } from '../source/source-tree.js';

/**
 * Progress through the shown text of a chapter, in characters of its source. Markup does not count, so that half of
 * the chapter is half of its text.
 */
export interface TextMeasure {
  /** The fraction of the chapter that lies before a source offset, 0–1. */
  fractionAt(offset: number): number;
  /** The place at a fraction of the chapter. 1 is its end. */
  placeAt(fraction: number): Place;
  readonly sizeBytes: number;
}

export function textMeasureOf(view: CrengineView): TextMeasure {
  const { tree } = view.order;
  const starts: number[] = [];
  const before: number[] = [];
  let total = 0;
  for (let node = view.body; node !== NO_NODE && node < tree.nodeCount; node += 1) {
    if (startOf(tree, node) >= endOf(tree, view.body)) break;
    if (!isText(tree, node) || hasBit(view.styled, node, DROPPED | HIDDEN | IN_SVG | IN_MATH)) continue;
    starts.push(startOf(tree, node));
    before.push(total);
    total += endOf(tree, node) - startOf(tree, node);
  }
  const textStarts = Int32Array.from(starts);
  const unitsBefore = Int32Array.from(before);
  const bodyStart = Math.max(0, innerStartOf(tree, view.body));
  const bodyLength = Math.max(1, innerEndOf(tree, view.body) - bodyStart);

  return {
    sizeBytes: textStarts.byteLength + unitsBefore.byteLength,
    fractionAt(offset) {
      // A chapter without text, such as one of images: its markup counts.
      if (total === 0) return clamp((offset - bodyStart) / bodyLength);
      const index = lastAtOrBelow(textStarts, offset);
      if (index < 0) return 0;
      const length = (unitsBefore[index + 1] ?? total) - (unitsBefore[index] ?? 0);
      const inside = Math.min(offset - (textStarts[index] ?? 0), length);
      return clamp(((unitsBefore[index] ?? 0) + inside) / total);
    },
    placeAt(fraction) {
      const wanted = clamp(fraction);
      if (total === 0) return { kind: 'character', offset: bodyStart + Math.floor(wanted * bodyLength) };
      const units = Math.min(Math.floor(wanted * total), total - 1);
      const index = lastAtOrBelow(unitsBefore, units);
      const offset = (textStarts[index] ?? 0) + units - (unitsBefore[index] ?? 0);
      if (wanted === 1) return { kind: 'text-end', offset: offset + 1 };
      return { kind: 'character', offset };
    },
  };
}

function clamp(fraction: number): number {
  return Number.isFinite(fraction) ? Math.min(1, Math.max(0, fraction)) : 0;
}

/** Index of the last value at or below the wanted one in ascending values; -1 if there is none. */
function lastAtOrBelow(values: Int32Array, wanted: number): number {
  let low = 0;
  let high = values.length - 1;
  let found = -1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if ((values[middle] ?? 0) <= wanted) {
      found = middle;
      low = middle + 1;
    } else {
      high = middle - 1;
    }
  }
  return found;
}
