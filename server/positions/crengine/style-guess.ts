import { attributeOf } from '../source/attributes.js';
import { nameOf, type SourceTree } from '../source/source-tree.js';
import { PREFORMATTED, defaultDisplay, type Display } from './element-names.js';

/** White space by the computed style. `inherit`: as in the parent, in blocks too. */
export type WhiteSpace = 'kept' | 'collapsed' | 'inherit' | 'unknown';

/**
 * A guess at the computed style of elements, as far as it decides which texts crengine keeps. A book with style
 * sheets has two guesses, with them and without them, because KOReader's user may switch them off (RULES.md R29).
 */
export interface StyleGuess {
  displayOf(tree: SourceTree, element: number): Display;
  whiteSpaceOf(tree: SourceTree, element: number): WhiteSpace;
}

/** crengine's own style sheet for EPUBs (RULES.md R28). */
export const PLAIN_STYLE: StyleGuess = {
  displayOf(tree, element) {
    if (attributeOf(tree, element, 'hidden') !== undefined) return 'none';
    const name = nameOf(tree, element);
    if (name === 'span' && attributeOf(tree, element, 'epub:type') === 'pagebreak') return 'none';
    return defaultDisplay(name);
  },
  whiteSpaceOf(tree, element) {
    const name = nameOf(tree, element);
    if (PREFORMATTED.has(name)) return 'kept';
    return name === 'nobr' ? 'collapsed' : 'inherit';
  },
};
