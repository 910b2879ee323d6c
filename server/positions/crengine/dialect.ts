/**
 * How crengine reads a document.
 *
 * - `chapter`: a file of an EPUB, by an XML-like parser (RULES.md R15)
 * - `fiction-book`: the same parser, but names keep their case (RULES.md R37)
 * - `html`: a HTML file of its own, whose elements are opened and closed as in HTML (RULES.md R38)
 */
export type Dialect = 'chapter' | 'fiction-book' | 'html';
