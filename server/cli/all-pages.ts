import type { Page, PageRequest } from '../domain/page.js';

/** Items of one page. A long list is printed while it is read. */
const ITEMS_AT_ONCE = 200;

/** All items of a list that is read in pages. */
export async function* allPages<Item, Cursor>(
  read: (page: PageRequest<Cursor>) => Promise<Page<Item, Cursor>>,
): AsyncGenerator<Item> {
  let after: Cursor | undefined;
  do {
    const page = await read({ after, limit: ITEMS_AT_ONCE });
    yield* page.items;
    after = page.next;
  } while (after !== undefined);
}
