/** Part of a list. `next` is the cursor of the following page; `undefined`: this is the last page. */
export interface Page<Item, Cursor> {
  readonly items: readonly Item[];
  readonly next: Cursor | undefined;
}

/** Which page of a list to read. */
export interface PageRequest<Cursor> {
  /** `next` of the previous page; `undefined`: the first page. */
  readonly after: Cursor | undefined;
  /** Most items of the page. */
  readonly limit: number;
}

/** @param rows `limit` + 1 rows when there are so many: the additional row shows that another page follows */
export function pageOf<Item, Cursor>(
  rows: readonly Item[],
  limit: number,
  cursorOf: (item: Item) => Cursor,
): Page<Item, Cursor> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next: rows.length > limit && last !== undefined ? cursorOf(last) : undefined };
}
