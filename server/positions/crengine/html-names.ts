/** What opens a `head` where there is none (RULES.md R38). The lists are in the order of crengine's table. */
export const IN_HEAD: ReadonlySet<string> = new Set(
  'head title style script base basefont bgsound meta link'.split(' '),
);

/** Their start tags close an open `p`. */
export const CLOSES_P: ReadonlySet<string> = new Set(
  (
    'hr svg form pre blockquote div h1 h2 h3 h4 h5 h6 p output section ol ul li dl dt dd table caption colgroup col ' +
    'thead tbody tfoot tr th td address article aside canvas fieldset figcaption figure footer header hgroup legend ' +
    'main nav noscript video center dir menu multicol noframes search listing textarea plaintext xmp details dialog ' +
    'summary frame frameset iframe noembed template select button marquee applet object'
  ).split(' '),
);

const OTHER_SPECIALS =
  'optgroup option datalist map area track embed input keygen param audio source picture meter progress wbr';

/** The end tag of an inline element closes nothing across one of these. */
export const SPECIAL: ReadonlySet<string> = new Set([
  'html',
  'body',
  ...IN_HEAD,
  ...CLOSES_P,
  ...OTHER_SPECIALS.split(' '),
]);

/** They have no content, whatever follows. */
export const VOID: ReadonlySet<string> = new Set(
  'area base br col embed hr image img input link meta param source track wbr'.split(' '),
);

export const HEADINGS: ReadonlySet<string> = new Set('h1 h2 h3 h4 h5 h6'.split(' '));

/** Parts of a table, from the table on, without cells. */
export const TABLE_FRAME: ReadonlySet<string> = new Set(
  'table caption colgroup col thead tbody tfoot tr'.split(' '),
);
/** The same with cells. */
export const TABLE_PARTS: ReadonlySet<string> = new Set([...TABLE_FRAME, 'th', 'td']);
export const ROW_GROUPS: ReadonlySet<string> = new Set(['thead', 'tbody', 'tfoot']);

export const RUBY_PARTS: ReadonlySet<string> = new Set(['rbc', 'rb', 'rtc', 'rt', 'rp']);
