/**
 * How well a translated position names the place that was asked for, best first:
 *
 * - `exact`: the same character, image or element
 * - `clamped`: right next to it (the offset was past the end, or a step had to be repaired)
 * - `element`: the right element, but not the place in it
 * - `fragment`: the right chapter
 * - `percentage`: computed from a fraction of the book or chapter
 * - `none`: nowhere
 */
export type Confidence = (typeof CONFIDENCES)[number];

export const CONFIDENCES = ['exact', 'clamped', 'element', 'fragment', 'percentage', 'none'] as const;

export function worse(a: Confidence, b: Confidence): Confidence {
  return CONFIDENCES.indexOf(a) >= CONFIDENCES.indexOf(b) ? a : b;
}
