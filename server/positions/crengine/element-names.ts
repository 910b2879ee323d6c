/**
 * How an element takes part in the removal of white space (RULES.md R25, R26). `unknown`: not covered by the rules.
 */
export type Display = 'block' | 'inline' | 'inline-block' | 'none' | 'unknown';

/** Text right inside of these is dropped while parsing (RULES.md R23). */
export const REFUSES_TEXT: ReadonlySet<string> = new Set(
  'table thead tbody tfoot tr col colgroup img image object svg audio source input param html head'.split(
    ' ',
  ),
);

/** Inside of `svg` only these keep text, as it is written (RULES.md R30). */
export const SVG_TEXT: ReadonlySet<string> = new Set(
  'text tspan textPath title desc metadata style'.split(' '),
);

/** White space is kept in these (RULES.md R22). */
export const PREFORMATTED: ReadonlySet<string> = new Set('pre listing plaintext textarea xmp'.split(' '));

/** Their first text loses one newline at its start (RULES.md R22). */
export const DROPS_FIRST_NEWLINE: ReadonlySet<string> = new Set(['pre', 'textarea']);

/** Parts of tables. Outside of a table crengine builds boxes around them, which the rules do not cover. */
export const TABLE_PARTS: ReadonlySet<string> = new Set(
  'caption colgroup col thead tbody tfoot tr td th'.split(' '),
);

const BLOCK =
  'html body div p section article aside header footer nav main figure figcaption blockquote h1 h2 h3 h4 h5 h6 ' +
  'address details summary form fieldset legend center noscript output map select optgroup hgroup dialog menu ' +
  'dir search canvas video ul ol li dl dt dd pre listing plaintext xmp hr table';

const INLINE_BLOCK = 'button input marquee';

const NONE = 'head title link meta base script style template noframes rp param source track area datalist';

/** Names that crengine's table of elements shares with FictionBook, where they are blocks. They are rare in EPUBs. */
const UNKNOWN =
  'title subtitle poem stanza v epigraph annotation coverpage empty-line text-author date description image ' +
  'textarea iframe frame frameset object embed audio rtc math svg';

const DISPLAYS: ReadonlyMap<string, Display> = new Map<string, Display>([
  ...UNKNOWN.split(' ').map((name): [string, Display] => [name, 'unknown']),
  ...BLOCK.split(' ').map((name): [string, Display] => [name, 'block']),
  ...INLINE_BLOCK.split(' ').map((name): [string, Display] => [name, 'inline-block']),
  ...NONE.split(' ').map((name): [string, Display] => [name, 'none']),
  ...[...TABLE_PARTS].map((name): [string, Display] => [name, 'block']),
  ['svg', 'inline'],
  ['math', 'inline'],
]);

/** How crengine's own style sheet for EPUBs displays an element (RULES.md R28). Unknown elements are inline. */
export function defaultDisplay(name: string): Display {
  return DISPLAYS.get(name) ?? 'inline';
}
