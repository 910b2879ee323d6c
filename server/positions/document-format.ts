/**
 * The formats of books whose positions are places in markup, as KOReader opens them.
 *
 * - `epub`: a ZIP archive with a package document
 * - `fiction-book`: one XML file, which may be in a ZIP archive
 * - `html`: one HTML file, which may be in a ZIP archive with its style sheets
 */
export type DocumentFormat = 'epub' | 'fiction-book' | 'html';
