/**
 * What crengine knows of element names without any style sheet of the book (rules 1.3): where text is refused,
 * where white space is kept, and how an element is displayed by its own style sheet for EPUBs.
 */

/** How an element takes part in the removal of white space. `unknown`: not covered by the rules. */
export type Display = 'block' | 'inline' | 'inline-block' | 'none' | 'unknown';

/** Text directly inside these is dropped while parsing (rule 5). */
export const REFUSES_TEXT: ReadonlySet<string> = new Set(
  'table thead tbody tfoot tr col colgroup img image object svg audio source input param html head'.split(
    ' ',
  ),
);

/** Text inside `svg` survives only in these, and verbatim. */
export const SVG_TEXT: ReadonlySet<string> = new Set(
  'text tspan textPath title desc metadata style'.split(' '),
);

/** White space is kept in these (rule 4). */
export const PREFORMATTED: ReadonlySet<string> = new Set('pre listing plaintext textarea xmp'.split(' '));

/** Their first text loses one leading newline. */
export const DROPS_FIRST_NEWLINE: ReadonlySet<string> = new Set(['pre', 'textarea']);

/** Only to be found inside a table: elsewhere crengine builds boxes around them, which the rules do not cover. */
export const TABLE_PARTS: ReadonlySet<string> = new Set(
  'caption colgroup col thead tbody tfoot tr td th'.split(' '),
);

const BLOCK =
  'html body div p section article aside header footer nav main figure figcaption blockquote h1 h2 h3 h4 h5 h6 ' +
  'address details summary form fieldset legend center noscript output map select optgroup hgroup dialog menu ' +
  'dir search canvas video ul ol li dl dt dd pre listing plaintext xmp hr table';

const INLINE_BLOCK = 'button input marquee';

const NONE = 'head title link meta base script style template noframes rp param source track area datalist';

/** Names that FictionBook shares crengine's element table for: displayed as blocks there, rare in an EPUB. */
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

/** Elements that are not known are displayed inline. */
export function defaultDisplay(name: string): Display {
  return DISPLAYS.get(name) ?? 'inline';
}
