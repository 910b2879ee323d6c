/**
 * Scrolls a page of the history to where it was. The browser alone cannot: what was there is loaded after the page is shown.
 */
const tops = new Map<number, number>();
/** How long what a page loads may take until it has its height again. */
const PATIENCE_MS = 3000;

let entry = entryOfHistory();
let stop = new AbortController();

addEventListener('scroll', () => tops.set(entry, globalThis.scrollY), { passive: true });

function entryOfHistory(): number {
  const state: unknown = history.state;
  return typeof state === 'number' ? state : 0;
}

/** @returns the state of a new entry in the history, which is the page from now on */
export function newEntry(): number {
  stop.abort();
  entry = Date.now();
  return entry;
}

/** After the browser went to another entry of the history. */
export function restoreScroll(): void {
  entry = entryOfHistory();
  const top = tops.get(entry) ?? 0;
  stop.abort();
  stop = new AbortController();
  const { signal } = stop;
  const grown = new ResizeObserver(() => {
    globalThis.scrollTo(0, top);
    if (globalThis.scrollY >= top - 1) stop.abort();
  });
  signal.addEventListener('abort', () => grown.disconnect());
  grown.observe(document.body);
  // Whoever scrolls has decided otherwise.
  for (const kind of ['wheel', 'touchstart', 'keydown', 'pointerdown']) {
    addEventListener(kind, () => stop.abort(), { signal, passive: true });
  }
  setTimeout(() => stop.abort(), PATIENCE_MS);
}
