import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { PagedList } from './paged-list.js';
import { Loading, Pending, Problem } from './problem.jsx';

interface VirtualListProps<Item> {
  readonly list: PagedList<Item>;
  /** What the list is of, for screen readers. */
  readonly label: string;
  /** Height of every row in pixels: rows are placed by it, so that only the visible ones are in the page. */
  readonly rowPx: number;
  readonly keyOf: (item: Item) => string | number;
  readonly row: (item: Item) => ComponentChildren;
  /** Shown instead of an empty list. */
  readonly empty: ComponentChildren;
}

/** Rows above and below the window: somebody who scrolls or tabs finds them there already. */
const SPARE_ROWS = 12;
/** The next page is loaded when fewer rows than this are left below the window. */
const LOAD_ROWS = 40;

/** A list of any length that scrolls with the page. */
export function VirtualList<Item>({ list, label, rowPx, keyOf, row, empty }: VirtualListProps<Item>) {
  const element = useRef<HTMLUListElement>(null);
  const range = useSignal({ from: 0, to: 2 * LOAD_ROWS });
  const { items, error, hasMore } = list;
  const count = items?.length ?? 0;

  useEffect(() => {
    const look = (): void => {
      const top = element.current?.getBoundingClientRect().top ?? 0;
      const from = Math.max(0, Math.floor(-top / rowPx) - SPARE_ROWS);
      const to = Math.ceil((globalThis.innerHeight - top) / rowPx) + SPARE_ROWS;
      if (from !== range.value.from || to !== range.value.to) range.value = { from, to };
      // After an error somebody asks again, or the list is loaded anew.
      if (error === undefined && hasMore && to + LOAD_ROWS > count) list.more();
    };
    look();
    addEventListener('scroll', look, { passive: true });
    addEventListener('resize', look);
    return () => {
      removeEventListener('scroll', look);
      removeEventListener('resize', look);
    };
  });

  if (items === undefined) return <Pending error={error} />;
  // A page of a search may be empty although others follow.
  if (items.length === 0 && !hasMore) return <>{empty}</>;
  const { from, to } = range.value;
  const again = (
    <button type="button" onClick={list.more}>
      Try again
    </button>
  );
  return (
    <>
      <Problem error={error}>{again}</Problem>
      <ul class="rows" aria-label={label} ref={element} style={{ height: `${String(count * rowPx)}px` }}>
        {items.slice(from, to).map((item, index) => (
          <li
            key={keyOf(item)}
            aria-posinset={from + index + 1}
            aria-setsize={hasMore ? -1 : count}
            style={{ height: `${String(rowPx)}px`, top: `${String((from + index) * rowPx)}px` }}
          >
            {row(item)}
          </li>
        ))}
      </ul>
      {hasMore ? <Loading /> : null}
    </>
  );
}
