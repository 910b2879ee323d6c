/** Part of a list. `next` says where the following part begins; `undefined`: this was the last one. */
export interface Page<Item, Cursor> {
  readonly items: readonly Item[];
  readonly next: Cursor | undefined;
}

/** Which part of a list is wanted. */
export interface PageRequest<Cursor> {
  /** `next` of the page before; `undefined`: from the beginning. */
  readonly after: Cursor | undefined;
  readonly limit: number;
}

/** @param rows up to one more than `limit`, by which it is known that there is a following page */
export function pageOf<Item, Cursor>(
  rows: readonly Item[],
  limit: number,
  cursorOf: (item: Item) => Cursor,
): Page<Item, Cursor> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next: rows.length > limit && last !== undefined ? cursorOf(last) : undefined };
}
