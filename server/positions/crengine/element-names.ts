import type { Dialect } from './dialect.js';
import type { DisplayName } from './display.js';

/** Text right inside of these is dropped while parsing (RULES.md R23). The second half are names of FictionBook. */
const REFUSES_TEXT: ReadonlySet<string> = new Set(
  (
    'table thead tbody tfoot tr col colgroup img image object embed svg audio source track area input keygen param ' +
    'applet html head base basefont bgsound meta link ?xml ?xml-stylesheet annotation author coverpage ' +
    'epigraph part poem stanza description document-info empty-line publish-info src-title-info title-info ' +
    'FictionBook'
  ).split(' '),
);

/** The parser of HTML files keeps all texts (RULES.md R38). */
export function refusesText(name: string, dialect: Dialect): boolean {
  return dialect !== 'html' && REFUSES_TEXT.has(name);
}

/** Inside of `svg` only these keep text, as it is written (RULES.md R30). */
export const SVG_TEXT: ReadonlySet<string> = new Set(
  'text tspan textPath title desc metadata style'.split(' '),
);

/** White space is kept in these (RULES.md R22). */
const PREFORMATTED: ReadonlySet<string> = new Set('pre listing plaintext textarea xmp style'.split(' '));

/** The style sheet for FictionBooks has `code` too (RULES.md R37). */
export function isPreformatted(name: string, dialect: Dialect): boolean {
  return PREFORMATTED.has(name) || (name === 'code' && dialect === 'fiction-book');
}

/** Their first text loses one newline at its start (RULES.md R22). */
export const DROPS_FIRST_NEWLINE: ReadonlySet<string> = new Set(['pre', 'textarea']);

/** Pictures, which are no container of text. An `object` is one only if it has no children, or says so by its type. */
export const IMAGES: ReadonlySet<string> = new Set(['img', 'image', 'embed', 'svg']);

/** Unknown elements are inline, so that the inline ones need no list. */
const BLOCK =
  'html body div p section article aside header footer nav main figure figcaption blockquote h1 h2 h3 h4 h5 h6 ' +
  'address details summary form fieldset legend center noscript noframes output map select optgroup hgroup dialog ' +
  'menu dir multicol search canvas video audio source track keygen applet iframe frame frameset ul ol dl dt dd ' +
  'pre listing plaintext textarea xmp hr ?xml ?xml-stylesheet';

/** crengine's table of elements has those of FictionBook too. */
const FICTION_BOOK_BLOCK =
  'annotation author coverpage epigraph part poem stanza city date email history id isbn keywords lang ' +
  'nickname publisher sequence subtitle v version year document-info empty-line publish-info src-title-info ' +
  'title-info book-name book-title custom-info home-page program-used src-lang src-ocr src-url text-author';

const INLINE_BLOCK = 'button input marquee';

const NONE =
  'head title link meta base basefont bgsound script style template noembed param area datalist binary description ' +
  'genre stylesheet';

const OTHERS: readonly (readonly [string, DisplayName])[] = [
  ['li', 'list-item'],
  ['ruby', 'ruby'],
  ['table', 'table'],
  ['caption', 'table-caption'],
  ['colgroup', 'table-column-group'],
  ['col', 'table-column'],
  ['thead', 'table-header-group'],
  ['tbody', 'table-row-group'],
  ['tfoot', 'table-footer-group'],
  ['tr', 'table-row'],
  ['th', 'table-cell'],
  ['td', 'table-cell'],
];

const DISPLAYS: ReadonlyMap<string, DisplayName> = new Map<string, DisplayName>([
  ...`${BLOCK} ${FICTION_BOOK_BLOCK}`.split(' ').map((name): [string, DisplayName] => [name, 'block']),
  ...INLINE_BLOCK.split(' ').map((name): [string, DisplayName] => [name, 'inline-block']),
  ...NONE.split(' ').map((name): [string, DisplayName] => [name, 'none']),
  ...OTHERS,
]);

const SHOWN_IN_FICTION_BOOK =
  'FictionBook title description cite image button select marquee template noembed area datalist';
const HIDDEN_IN_FICTION_BOOK =
  'form author book-title keywords lang src-lang translator document-info publish-info custom-info coverpage';

/** What is different in FictionBooks, for which crengine has another style sheet (RULES.md R37). */
const FICTION_BOOK_DISPLAYS: ReadonlyMap<string, DisplayName> = new Map<string, DisplayName>([
  ...SHOWN_IN_FICTION_BOOK.split(' ').map((name): [string, DisplayName] => [name, 'block']),
  ...HIDDEN_IN_FICTION_BOOK.split(' ').map((name): [string, DisplayName] => [name, 'none']),
  ['style', 'inline'],
  ['input', 'block'],
]);

/**
 * How crengine displays an element without a style sheet of the book, but for what depends on attributes (RULES.md R28).
 * Unknown elements are inline.
 */
export function defaultDisplay(name: string, dialect: Dialect): DisplayName {
  const ownDisplay = dialect === 'fiction-book' ? FICTION_BOOK_DISPLAYS.get(name) : undefined;
  return ownDisplay ?? DISPLAYS.get(name) ?? 'inline';
}
