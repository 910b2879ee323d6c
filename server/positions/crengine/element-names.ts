/**
 * How an element takes part in the removal of white space (RULES.md R25, R26). `unknown`: not covered by the rules.
 */
export type Display = 'block' | 'inline' | 'inline-block' | 'none' | 'unknown';

/** Text right inside of these is dropped while parsing (RULES.md R23). The second half are names of FictionBook. */
export const REFUSES_TEXT: ReadonlySet<string> = new Set(
  (
    'table thead tbody tfoot tr col colgroup img image object embed svg audio source track area input keygen param ' +
    'applet html head base basefont bgsound meta link ?xml ?xml-stylesheet annotation author coverpage ' +
    'epigraph part poem stanza description document-info empty-line publish-info src-title-info title-info'
  ).split(' '),
);

/** Inside of `svg` only these keep text, as it is written (RULES.md R30). */
export const SVG_TEXT: ReadonlySet<string> = new Set(
  'text tspan textPath title desc metadata style'.split(' '),
);

/** White space is kept in these (RULES.md R22). */
export const PREFORMATTED: ReadonlySet<string> = new Set(
  'pre listing plaintext textarea xmp style'.split(' '),
);

/** Their first text loses one newline at its start (RULES.md R22). */
export const DROPS_FIRST_NEWLINE: ReadonlySet<string> = new Set(['pre', 'textarea']);

/** Parts of tables. Outside of a table crengine builds boxes around them, which the rules do not cover. */
export const TABLE_PARTS: ReadonlySet<string> = new Set(
  'caption colgroup col thead tbody tfoot tr td th'.split(' '),
);

/** Unknown elements are inline, so that the inline ones need no list. */
const BLOCK =
  'html body div p section article aside header footer nav main figure figcaption blockquote h1 h2 h3 h4 h5 h6 ' +
  'address details summary form fieldset legend center noscript noframes output map select optgroup hgroup dialog ' +
  'menu dir multicol search canvas video audio source track keygen applet iframe frame frameset ul ol li dl dt dd ' +
  'pre listing plaintext textarea xmp hr table ?xml ?xml-stylesheet';

/** crengine's table of elements has those of FictionBook too. */
const FICTION_BOOK_BLOCK =
  'annotation author coverpage epigraph part poem stanza city date email history id isbn keywords lang ' +
  'nickname publisher sequence subtitle v version year document-info empty-line publish-info src-title-info ' +
  'title-info book-name book-title custom-info home-page program-used src-lang src-ocr src-url text-author';

const INLINE_BLOCK = 'button input marquee';

const NONE =
  'head title link meta base basefont bgsound script style template noembed param area datalist binary description ' +
  'genre stylesheet';

const DISPLAYS: ReadonlyMap<string, Display> = new Map<string, Display>([
  ...`${BLOCK} ${FICTION_BOOK_BLOCK}`.split(' ').map((name): [string, Display] => [name, 'block']),
  ...INLINE_BLOCK.split(' ').map((name): [string, Display] => [name, 'inline-block']),
  ...NONE.split(' ').map((name): [string, Display] => [name, 'none']),
  ...[...TABLE_PARTS].map((name): [string, Display] => [name, 'block']),
]);

/** How crengine's own style sheet for EPUBs displays an element (RULES.md R28). Unknown elements are inline. */
export function defaultDisplay(name: string): Display {
  return DISPLAYS.get(name) ?? 'inline';
}
