import type { Appearance } from './book-view.js';

/** Of the text, what is behind it, and links. Each pair has a contrast of 7 or more. */
const COLOURS = {
  light: ['#241d15', '#faf7f2', '#7a3f0a'],
  sepia: ['#3b2d1c', '#f3e6cf', '#6d3806'],
  dark: ['#dfd8cd', '#17140f', '#e8a65f'],
} as const;

function shownTheme({ theme }: Appearance): keyof typeof COLOURS {
  if (theme !== 'auto') return theme;
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

export function groundColour(appearance: Appearance): string {
  return COLOURS[shownTheme(appearance)][1];
}

/** Style sheets for a chapter: one in front of the book's own, one behind them. */
export function chapterStyles(appearance: Appearance): readonly [before: string, after: string] {
  const theme = shownTheme(appearance);
  const [ink, ground, link] = COLOURS[theme];
  const before = `
    html { line-height: 1.5; hyphens: auto; overflow-wrap: anywhere; }
    body { font-family: Georgia, 'Times New Roman', serif; }`;
  const after = `
    html {
      color-scheme: ${theme === 'dark' ? 'dark' : 'light'};
      font-size: ${String(appearance.fontPercent)}% !important;
      color: ${ink};
      /* With the second one the library paints the margins, which are no part of the chapter. */
      background: ${ground} !important;--theme-bg-color: ${ground};
    }
    /* A book may hide anything but itself. */
    html, body { display: block !important; visibility: visible !important; opacity: 1 !important; }
    /* What is scrolled to the side is not broken into pages: no page could begin in it, and its end would be cut off. */
    pre, :has(> pre) { overflow: visible !important; }
    pre { white-space: pre-wrap !important; }
    a:any-link { color: ${link}; }
    ${theme === 'light' ? '' : FORCED}
    ${theme === 'light' ? '' : `a:any-link, a:any-link * { color: ${link} !important; }`}`;
  return [before, after];
}

/** A book that says "black on white" cannot be read on a dark page. */
const FORCED = `
    body, body *:not(svg *) {
      color: inherit !important;
      background-color: transparent !important;
      border-color: currentColor !important;
    }`;
