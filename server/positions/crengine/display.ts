/**
 * The values of `display` that crengine knows, in its order: those up to `inline` are inline, those from
 * `table-row-group` to `table-caption` are parts of tables.
 */
const NAMES = [
  'ruby',
  'run-in',
  'inline',
  'block',
  'list-item',
  'inline-block',
  'inline-table',
  'table',
  'table-row-group',
  'table-header-group',
  'table-footer-group',
  'table-row',
  'table-column-group',
  'table-column',
  'table-cell',
  'table-caption',
  'none',
] as const;

export type DisplayName = (typeof NAMES)[number];

/** Numbers of the names, for a column of bytes. 0 stands for nodes that are not elements of the body. */
export const RUBY = 1;
export const RUN_IN = 2;
export const INLINE = 3;
export const BLOCK = 4;
export const INLINE_BLOCK = 6;
export const INLINE_TABLE = 7;
export const TABLE = 8;
export const TABLE_ROW_GROUP = 9;
export const TABLE_HEADER_GROUP = 10;
export const TABLE_FOOTER_GROUP = 11;
export const TABLE_ROW = 12;
export const TABLE_COLUMN_GROUP = 13;
export const TABLE_COLUMN = 14;
export const TABLE_CELL = 15;
export const TABLE_CAPTION = 16;
export const NOT_DISPLAYED = 17;
/** It is not known which of several values applies. */
export const UNKNOWN_DISPLAY = 18;

const NUMBERS: ReadonlyMap<string, number> = new Map(NAMES.map((name, index) => [name, index + 1]));

export function displayNumber(name: string): number {
  return NUMBERS.get(name) ?? UNKNOWN_DISPLAY;
}

export function isTablePart(display: number): boolean {
  return display > TABLE && display <= TABLE_CAPTION;
}
