import type { Page } from './paged-list.js';

/** Lists that are shown as a whole are short: devices and keys of a user, users of a household. More than this is cut. */
const MOST_ITEMS = 2000;
/** What the server gives at once at most. */
export const PAGE_ITEMS = 200;

/**
 * Every page of a short list.
 *
 * @param load the page after the cursor; `undefined` is the first page
 */
export async function allPages<Item>(
  load: (cursor: string | undefined) => Promise<Page<Item>>,
  mostItems = MOST_ITEMS,
): Promise<readonly Item[]> {
  const items: Item[] = [];
  let cursor: string | undefined;
  do {
    const page = await load(cursor);
    items.push(...page.items);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined && items.length < mostItems);
  return items;
}
