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
 * A list that is loaded page by page. When the server says that it may have changed, the first page is loaded again, and what
 * follows when it is asked for.
 *
 * @param load the page after the cursor; `undefined` is the first page
 */
export function usePagedList<Item>(
  key: string,
  load: (cursor: string | undefined, signal: AbortSignal) => Promise<Page<Item>>,
  lists: readonly VersionName[] = [],
): PagedList<Item> {
  const first = useResource(key, (signal) => load(undefined, signal), lists);
  const rest = useSignal<readonly Page<Item>[]>([]);
  const error = useSignal<ApiError | undefined>(undefined);
  const stop = useRef<AbortController | undefined>(undefined);

  useEffect(() => {
    rest.value = [];
    error.value = undefined;
    return () => {
      stop.current?.abort();
      stop.current = undefined;
    };
  }, [first.value]);

  const pages = first.value === undefined ? [] : [first.value, ...rest.value];
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
        rest.value = [...rest.value, page];
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
    [first.value, rest.value],
  );
  return {
    items,
    error: first.error ?? error.value,
    hasMore: cursor !== undefined,
    more,
    reload: first.reload,
  };
}
