import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { ApiError } from '../api.js';
import { useResource, type VersionName } from './resource.js';

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next_cursor: string | null;
}

export interface PagedList<Item> {
  /** What is loaded; `undefined` until the first page is there. */
  readonly items: readonly Item[] | undefined;
  readonly error: ApiError | undefined;
  readonly hasMore: boolean;
  /** Loads the next page; nothing happens while one is loading. */
  readonly more: () => void;
  readonly reload: () => void;
}

/**
 * Pages that are loaded again when the list may have changed: some two thousand rows. Further down the list ends there then,
 * and goes on when it is scrolled.
 */
const RELOADED_PAGES = 20;
const NO_PAGES: readonly never[] = [];

interface Rest<Item> {
  /** The pages that these follow. They are dropped when those are loaded again. */
  readonly after: readonly Page<Item>[] | undefined;
  readonly pages: readonly Page<Item>[];
}

/**
 * A list that is loaded page by page. When the server says that it may have changed, what is shown of it is loaded again.
 *
 * @param load the page after the cursor; `undefined` is the first page
 */
export function usePagedList<Item>(
  key: string,
  load: (cursor: string | undefined, signal: AbortSignal) => Promise<Page<Item>>,
  lists: readonly VersionName[] = [],
): PagedList<Item> {
  const shown = useRef({ key, pages: 1 });
  if (shown.current.key !== key) shown.current = { key, pages: 1 };
  const first = useResource(
    key,
    async (signal) => {
      const pages: Page<Item>[] = [];
      let next: string | undefined;
      do {
        const page = await load(next, signal);
        pages.push(page);
        next = page.next_cursor ?? undefined;
      } while (next !== undefined && pages.length < Math.min(shown.current.pages, RELOADED_PAGES));
      return pages;
    },
    lists,
  );
  const rest = useSignal<Rest<Item>>({ after: undefined, pages: [] });
  const error = useSignal<ApiError | undefined>(undefined);
  const stop = useRef<AbortController | undefined>(undefined);

  useEffect(() => {
    error.value = undefined;
    return () => {
      stop.current?.abort();
      stop.current = undefined;
    };
  }, [first.value]);

  const further = rest.value.after === first.value ? rest.value.pages : NO_PAGES;
  const pages = [...(first.value ?? NO_PAGES), ...further];
  shown.current.pages = Math.max(1, pages.length);
  const cursor = pages.at(-1)?.next_cursor ?? undefined;
  const more = (): void => {
    if (cursor === undefined || stop.current !== undefined) return;
    const abort = new AbortController();
    stop.current = abort;
    void load(cursor, abort.signal).then(
      (page) => {
        if (abort.signal.aborted) return undefined;
        stop.current = undefined;
        error.value = undefined;
        rest.value = { after: first.value, pages: [...further, page] };
        return undefined;
      },
      (failure: unknown) => {
        if (abort.signal.aborted) return;
        stop.current = undefined;
        if (!(failure instanceof ApiError)) throw failure;
        error.value = failure;
      },
    );
  };
  const items = useMemo(
    () => (first.value === undefined ? undefined : pages.flatMap((page) => page.items)),
    [first.value, further],
  );
  return {
    items,
    error: first.error ?? error.value,
    hasMore: cursor !== undefined,
    more,
    reload: first.reload,
  };
}
