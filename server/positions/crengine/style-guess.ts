import { attributeOf } from '../source/attributes.js';
import { nameOf, type SourceTree } from '../source/source-tree.js';
import { PREFORMATTED, defaultDisplay, type Display } from './element-names.js';

/**
 * White space by the computed style. `inherit`: as in the parent. `unknown-if-kept-around`: a block that inherits
 * what a style sheet of the book says, if crengine has blocks inherit it.
 */
export type WhiteSpace = 'kept' | 'collapsed' | 'inherit' | 'unknown-if-kept-around' | 'unknown';

/**
 * A guess at the computed style of elements, as far as it decides which texts crengine keeps. There are two for a
 * book with style sheets of its own: with them, and without them, because KOReader can switch them off.
 */
export interface StyleGuess {
  displayOf(tree: SourceTree, element: number): Display;
  whiteSpaceOf(tree: SourceTree, element: number): WhiteSpace;
}

/** crengine's own style sheet for EPUBs, as far as the rules tell it. */
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
    return defaultDisplay(name) === 'inline' ? 'inherit' : 'collapsed';
  },
};
