/**
 * A place in one document, by an offset into its source. Both views of the document (crengine's and the browser's)
 * can be asked for it.
 *
 * - `character`: before the character at the offset
 * - `text-end`: after the last character of the text that ends at the offset
 * - `element`: the element whose start tag begins at the offset
 * - `element-end`: after the last child of the element whose start tag begins at the offset
 */
export interface Place {
  readonly kind: 'character' | 'text-end' | 'element' | 'element-end';
  readonly offset: number;
}
