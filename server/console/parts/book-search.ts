import { useRef } from 'preact/hooks';
import { get, type Reply } from '../api.js';
import { type PagedList, usePagedList } from './paged-list.js';
import { type Path, shownText, splitPath } from './path.js';

type BookPage = Reply<'/books', 'get'>;
export type FoundBook = BookPage['items'][number];

const DIGEST = /^[0-9a-f]{32}$/i;

export function isDigest(text: string): boolean {
  return DIGEST.test(text);
}

interface BookFilter {
  readonly library?: string;
  readonly state?: string;
  /** Books of a page. */
  readonly limit: number;
}

/**
 * Books by a digest, or by words: first those that have all words in their title, authors and series, then those that have
 * them in their path.
 *
 * @param q empty: all books
 */
export function useBookSearch(q: string, { library, state, limit }: BookFilter): PagedList<FoundBook> {
  const titled = useRef(new Set<number>());
  const ask = (search: object, cursor: string | undefined, signal: AbortSignal): Promise<BookPage> =>
    get('/books', { query: { ...search, library_id: library, state, cursor, limit }, signal });
  return usePagedList(`books ${q}\n${String(library)}\n${String(state)}`, async (cursor, signal) => {
    if (q === '') return ask({}, cursor, signal);
    if (isDigest(q)) return ask({ digest: q.toLowerCase() }, cursor, signal);
    let byTitle: BookPage['items'] = [];
    if (!(cursor?.startsWith(BY_PATH) ?? false)) {
      if (cursor === undefined) titled.current = new Set();
      const page = await ask({ title: q }, cursor, signal);
      byTitle = page.items;
      for (const { id } of byTitle) titled.current.add(id);
      if (page.next_cursor !== null) return page;
    }
    const page = await ask(
      { q },
      cursor?.startsWith(BY_PATH) === true ? cursor.slice(BY_PATH.length) : undefined,
      signal,
    );
    const next = page.next_cursor;
    return {
      items: [...byTitle, ...page.items.filter(({ id }) => !titled.current.has(id))],
      next_cursor: next === null ? null : `${BY_PATH}${next}`,
    };
  });
}

/** Before the cursor of a search by path. The server's have no such character. */
const BY_PATH = '/';

export interface TitledBook {
  readonly path: Path;
  readonly title?: string | null;
  readonly authors?: readonly string[];
}

/** What people call a book, who wrote it, and where it is: its folder, and its file unless that is its name. */
export function bookLines({ path, title = null, authors = [] }: TitledBook): {
  readonly title: string;
  readonly by: readonly string[];
  readonly where: readonly string[];
} {
  const { folder, name } = splitPath(path);
  const by = authors.length === 0 ? [] : [shownText(authors.join(', '))];
  const folders = folder === '' ? [] : [folder];
  return title === null
    ? { title: name, by, where: folders }
    : { title: shownText(title), by, where: [...folders, name] };
}
