import { CompiledQuery } from 'kysely';
import type { Store } from './store.js';

/** Pages in SQLite's log before a commit writes them into the file: SQLite's own number. */
const USUAL_PAGES = 1000;
/**
 * While a scan runs. Digests lie all over their indexes: with 200,000 books, a scan's transaction of 2,000 changes some
 * 2,200 pages (9 MB), mostly those that the one before it changed. With the usual number each commit wrote them into the
 * file too, and waited for the disk twice; now every fourth does. The log takes up to 40 MB then. A larger number made
 * commits no faster.
 */
const MOST_PAGES = {
  scan: 8000,
  /**
   * More than a scan's together with one of its transactions. Whose commit crosses its own number writes all pages into the
   * file: with the usual one, each push after a commit of a scan wrote the 9 MB of that, before it was answered.
   */
  'beside-scan': 12_000,
} as const;

/** A thread of SQLite without statements ends after half a minute at least (sqlite-dialect.ts), and what it was told with it. */
const SAID_EVERY_MS = 20_000;

/**
 * Lets SQLite's log get longer until `work` has ended. Where two do that at a time, the first that ends does it for both:
 * the other is slower until it says its number again.
 *
 * @param store whose writing connection it holds for
 */
export async function withLongLog<Result>(
  store: Store,
  writer: keyof typeof MOST_PAGES,
  work: () => Promise<Result>,
): Promise<Result> {
  if (store.dialect !== 'sqlite') return work();
  await setPages(store, MOST_PAGES[writer]);
  const timer = setInterval(
    () => void setPages(store, MOST_PAGES[writer]).catch(() => undefined), // as below
    SAID_EVERY_MS,
  );
  try {
    return await work();
  } finally {
    clearInterval(timer);
    // Where this fails, the connection is gone, and the next one begins with SQLite's own number.
    await setPages(store, USUAL_PAGES).catch(() => undefined);
  }
}

async function setPages(store: Store, pages: number): Promise<void> {
  await store.db.executeQuery(CompiledQuery.raw(`pragma wal_autocheckpoint = ${String(pages)}`));
}
