import { useEffect, useLayoutEffect } from 'preact/hooks';

/** Names the window after what a page shows, once that is known: "Dune.epub · Dogear". */
export function useTitle(title: string | undefined): void {
  useEffect(() => {
    if (title !== undefined) document.title = titleOf(title);
  }, [title]);
}

let isFirst = true;

/**
 * Names the window, and moves the focus to a page that follows another one: what had the focus before is gone. A page that is
 * opened by its address leaves the focus where browsers put it, in front of everything.
 *
 * @param at changes with each page
 */
export function useArrival(title: string, at: string): void {
  // Before the effects of the page itself, which may know a better title.
  useLayoutEffect(() => {
    document.title = titleOf(title);
    if (!isFirst) focusPage();
    isFirst = false;
  }, [title, at]);
}

/** Moves the focus to the heading of the page, or to the page itself while it has none. */
function focusPage(): void {
  const main = document.querySelector('main');
  const heading = main?.querySelector('h1') ?? main;
  if (heading == null) return;
  heading.tabIndex = -1;
  // The router has scrolled already.
  heading.focus({ preventScroll: true });
}

function titleOf(title: string): string {
  return `${title} · Dogear`;
}
