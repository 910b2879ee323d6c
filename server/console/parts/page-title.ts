import { useLayoutEffect } from 'preact/hooks';

let isFirst = true;

/**
 * Names the window, and moves the focus to a page that follows another one: what had the focus before is gone. A page that is
 * opened by its address leaves the focus where browsers put it, in front of everything.
 *
 * @param at changes with each page
 */
export function useArrival(title: string, at: string): void {
  useLayoutEffect(() => {
    document.title = `${title} · Dogear`;
    if (!isFirst) focusPage();
    isFirst = false;
  }, [title, at]);
}

function focusPage(): void {
  const main = document.querySelector('main');
  const heading = main?.querySelector('h1') ?? main;
  if (heading == null) return;
  heading.tabIndex = -1;
  // The router has scrolled already.
  heading.focus({ preventScroll: true });
}
