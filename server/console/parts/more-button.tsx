import { Problem } from './problem.jsx';
import type { PagedList } from './paged-list.js';

/** Loads the next page of a list whose rows have no fixed height. */
export function MoreButton({
  list,
}: {
  readonly list: Pick<PagedList<unknown>, 'hasMore' | 'more' | 'error'>;
}) {
  return (
    <>
      <Problem error={list.error} />
      {list.hasMore ? (
        <button type="button" onClick={list.more}>
          Show more
        </button>
      ) : null}
    </>
  );
}
