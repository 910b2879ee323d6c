import type { ZipFile } from '../../support/zip.js';

/** A file of the spine. */
export interface GeneratedChapter {
  /** The id of its item, as it is written. */
  readonly id: string;
  readonly href: string;
  /** Undefined: the archive has no such file. */
  readonly source: string | undefined;
  readonly isUtf16: boolean;
  readonly isWellFormed: boolean;
}

export interface GeneratedBook {
  readonly files: readonly ZipFile[];
  readonly chapters: readonly GeneratedChapter[];
  /** By the name of the file. */
  readonly sheets: ReadonlyMap<string, string>;
}

const TYPE = 'application/xhtml+xml';
const CONTAINER =
  '<?xml version="1.0"?><container><rootfiles><rootfile full-path="OPS/book.opf" media-type="application/oebps-package+xml"/>' +
  '</rootfiles></container>';

/** A book with the differences between crengine and other readers that have been found, in any combination. */
export function generatedBook(seed: number): GeneratedBook {
  const dice = new Dice(seed);
  const writer = new BookWriter(dice);
  const sheets = writer.sheets();
  const chapters: GeneratedChapter[] = [];
  const count = 1 + dice.upTo(3);
  for (let number = 1; number <= count; number += 1) chapters.push(writer.chapter(number));
  const error = writer.errorChapter(count + 1);
  if (error !== undefined) chapters.splice(dice.upTo(chapters.length + 1), 0, error);
  const item = ({ id, href }: GeneratedChapter): string =>
    `<item id="${id}" href="${href}" media-type="${TYPE}"/>`;
  const itemrefs = chapters.map(
    ({ id }) => `<itemref idref="${dice.oneIn(4) ? ` ${id.trim()}` : id.trim()}"/>`,
  );
  const opf =
    `<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata/><manifest>` +
    `${chapters.map(item).join('')}</manifest><spine>${itemrefs.join('')}<itemref idref="none"/></spine></package>`;
  const files: ZipFile[] = [
    { name: 'mimetype', content: 'application/epub+zip', isStored: true },
    { name: 'META-INF/container.xml', content: CONTAINER },
    { name: 'OPS/book.opf', content: opf },
    ...Array.from(sheets, ([name, content]) => ({ name: `OPS/${name}`, content })),
    ...chapters.flatMap(({ href, source, isUtf16 }) =>
      source === undefined
        ? []
        : [{ name: `OPS/${href}`, content: isUtf16 ? Buffer.from(`\uFEFF${source}`, 'utf16le') : source }],
    ),
  ];
  return { files, chapters, sheets };
}

/** Numbers that a seed decides. */
class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed + 1, 0x9e3779b1) >>> 0;
  }

  /** 0 to `count` - 1. */
  upTo(count: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * count);
  }

  oneIn(count: number): boolean {
    return this.upTo(count) === 0;
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.upTo(items.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }

  some(most: number, make: () => string): string {
    return Array.from({ length: this.upTo(most + 1) }, make).join('');
  }
}

const INLINE = 'b i em span a code q small unknown label'.split(' ');
const BLOCK =
  'p div li ul blockquote section h2 pre dd textarea center noframes multicol city date id year subtitle'.split(
    ' ',
  );
const TEXTLESS = 'source track keygen applet epigraph annotation poem stanza area'.split(' ');
const CLASSES = 'a b c d'.split(' ');
const DISPLAY = [
  'display:block',
  'display:block',
  'display:inline',
  'display:inline-block',
  'display:list-item',
  'display:none',
  'display:flex',
  'display:initial',
  'display:none;display:oeb-page-head',
  'display:block;display:grid',
  'display:block !important',
  'display:inline;display:contents',
];
const WHITE_SPACE = [
  'white-space:pre',
  'white-space:normal',
  'white-space:pre-wrap;white-space:-o-pre-wrap',
  'white-space:nowrap',
  'white-space:pre-line',
];
const FLOAT = ['float:left', 'float:right', 'float:none'];
const GENERATED = ['', ';display:block', ';float:left', ';display:none'].flatMap((more) => [
  `content:"-"${more}`,
  `content:""${more}`,
  'content:none',
]);
const MEDIA = [
  'screen',
  'all',
  'print',
  'not print',
  'amzn-kf8',
  '(min-width:1px)',
  '(max-width:1px)',
  'screen, print',
];

class BookWriter {
  readonly #dice: Dice;
  #words = 0;
  #ids = 0;
  #isWellFormed = true;

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  sheets(): Map<string, string> {
    const imported = this.#dice.oneIn(3)
      ? `@import "t.css"${this.#dice.pick(['', ' print', ' screen'])};`
      : '';
    return new Map([
      ['s.css', `${imported}${this.#rules(6)}/* the end */`],
      ['t.css', `${this.#rules(2)}/* the end */`],
      ['u.css', `${this.#rules(2)}/* the end */`],
    ]);
  }

  #rules(most: number): string {
    return this.#dice.some(most, () => {
      const rule = this.#rule();
      return this.#dice.oneIn(6) ? `@media ${this.#dice.pick(MEDIA)} {${rule}}\n` : `${rule}\n`;
    });
  }

  #rule(): string {
    const { pick, oneIn } = this.#bound();
    if (oneIn(5))
      return `${this.#selector()}${pick(['::before', '::after', ':before', ':after'])}{${pick(GENERATED)}}`;
    if (oneIn(12)) return `*{${pick(WHITE_SPACE)}}`;
    const list = oneIn(6) ? `, ${oneIn(4) ? 'a:hover' : this.#selector()}` : '';
    const declarations = [pick([pick(DISPLAY), pick(DISPLAY), pick(WHITE_SPACE), pick(FLOAT)])];
    if (oneIn(4)) declarations.push('color:red');
    return `${this.#selector()}${list}{${declarations.join(';')}}`;
  }

  #selector(): string {
    const { pick, oneIn } = this.#bound();
    const simple = (): string =>
      pick([
        `.${pick(CLASSES)}`,
        `.${pick(CLASSES)}`,
        pick(INLINE),
        'br',
        pick(BLOCK),
        '[title]',
        `${pick(INLINE)}.${pick(CLASSES)}`,
        `${pick(INLINE)}:first-child`,
        '[title="t"]',
      ]);
    if (oneIn(8)) return 'li > a > span[title]';
    return oneIn(3) ? `${simple()}${pick([' ', ' > ', ' + ', ' ~ '])}${simple()}` : simple();
  }

  /** The methods of the dice, without it. */
  #bound(): { pick: <Item>(items: readonly Item[]) => Item; oneIn: (count: number) => boolean } {
    return { pick: (items) => this.#dice.pick(items), oneIn: (count) => this.#dice.oneIn(count) };
  }

  chapter(number: number): GeneratedChapter {
    const { pick, oneIn } = this.#bound();
    this.#isWellFormed = !oneIn(3);
    const id = pick([`c${number}`, ` c${number}`, `c${number} `]);
    const links = pick([
      '<link rel="stylesheet" type="text/css" href="s.css"/>',
      '<link rel="stylesheet" type="text/css" href="s.css"/><link media="print" rel="stylesheet" href="u.css"/>',
      '<link rel="stylesheet" href="s.css"/><link rel="stylesheet" type="text/x" href="u.css"/>',
      '<link rel="stylesheet" href="s.css"/><link rel="alternate stylesheet" href="u.css"/>',
      '',
    ]);
    const ownRules = this.#rules(2);
    const style = oneIn(2) ? '' : `<style>${oneIn(2) ? `<!-- ${ownRules} -->` : ownRules}</style>`;
    // In XML a comment hides the rules from browsers, which does not matter here.
    const head = `<head><title>t</title>${links}${style}</head>`;
    const content = this.#dice.some(7, () => `${this.#flow(3)}${pick(['', '\n', ' '])}`);
    const isPlain = this.#isWellFormed;
    const start = isPlain
      ? pick(['', '<?xml version="1.0" encoding="utf-8"?>\n'])
      : pick(['', 'text before ', '<!DOCTYPE html [<!ENTITY a "b">]>', '<!DOCTYPE html>']);
    const between = pick(['', '', `<head>${links}</head>`, '<style>b{display:block}</style>']);
    const second =
      isPlain || !oneIn(3) ? '' : `${between}<body>${this.#flow(2)}<p>${this.#word()}</p></body>`;
    const html = `<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">`;
    const source = `${start}${html}${head}<body>${content}<p>${this.#word()}</p></body>${second}</html>`;
    return {
      id,
      href: `${number}.xhtml`,
      source,
      isUtf16: oneIn(6) && !source.startsWith('<?xml'),
      isWellFormed: isPlain,
    };
  }

  /** One of which KOReader shows an error. */
  errorChapter(number: number): GeneratedChapter | undefined {
    const { pick, oneIn } = this.#bound();
    if (oneIn(2)) return undefined;
    const common = { id: `c${number}`, isUtf16: false, isWellFormed: false };
    return pick([
      { ...common, href: `${number}.xhtml#a`, source: undefined },
      { ...common, href: `${number}.xhtml`, source: undefined },
      {
        ...common,
        href: `${number}.xhtml`,
        source: `<h:html><h:head/><h:body><h:p>${this.#word()}</h:p></h:body></h:html>`,
      },
    ]);
  }

  #word(): string {
    this.#words += 1;
    return `w${this.#words}${this.#dice.oneIn(12) ? '\u{1F600}' : ''}`;
  }

  #text(): string {
    const { pick, oneIn } = this.#bound();
    const space = (): string => pick(['', ' ', ' ', '  ', '\n', '\r\n', '\t', '\n ']);
    const piece = (): string =>
      pick([
        () => `${space()}${this.#word()}${space()}`,
        () => `${space()}${this.#word()}`,
        space,
        () => pick(['&#32;', '&amp;', '&lt;', '&#160;', '&#xe9;', '\u00A0']),
        () =>
          this.#isWellFormed
            ? ' '
            : pick(['&.', '& ', '&nbsp;', '&nbsp ', '&x', '&#65 ', '&#.', '&#0;', '&#147;', '&eacute;']),
      ])();
    if (oneIn(60)) return this.#longText();
    return Array.from({ length: 1 + this.#dice.upTo(2) }, piece).join('');
  }

  /** About as long as the texts that crengine cuts. */
  #longText(): string {
    const { pick } = this.#bound();
    const length = pick([8191, 8192, 8192, 8193, 16_384]);
    const letters = Array.from({ length }, (_, index) => String((index * 7 + this.#words) % 10));
    for (const at of [pick([5, 8000, 8191]), pick([8189, 8190, 8191])])
      if (this.#dice.oneIn(2)) letters[at] = ' ';
    this.#words += 1;
    return letters.join('');
  }

  #attributes(): string {
    const { pick, oneIn } = this.#bound();
    let attributes = '';
    if (oneIn(3)) attributes += ` class="${pick(CLASSES)}${oneIn(3) ? ` ${pick(CLASSES)}` : ''}"`;
    if (oneIn(8)) attributes += ' title="t"';
    if (oneIn(30)) attributes += ' hidden=""';
    if (oneIn(30)) attributes += ` style="${pick([...DISPLAY, ...WHITE_SPACE, ...FLOAT])}"`;
    if (oneIn(12)) {
      this.#ids += 1;
      attributes += ` id="x${this.#ids}"`;
    }
    if (!this.#isWellFormed && oneIn(15))
      attributes += pick([' title="a > b"', ' d', ' e=f', ' 1="a"', '\n f="g"']);
    return attributes;
  }

  #element(name: string, content: string): string {
    const { pick, oneIn } = this.#bound();
    const open = `<${name}${this.#attributes()}`;
    if (content === '' && oneIn(2)) return `${open}/>`;
    if (this.#isWellFormed || !oneIn(10)) return `${open}>${content}</${name}>`;
    const end = pick([
      `</${name}\t>`,
      `</${name} >`,
      '',
      `</${name.toUpperCase()}>`,
      `</${name}></${name}>`,
      '</x>',
      `</${name}\n>`,
    ]);
    return `${open}>${content}${end}`;
  }

  #inline(depth: number): string {
    const { pick, oneIn } = this.#bound();
    if (depth === 0 || oneIn(3)) return this.#text();
    const inside = (): string => this.#dice.some(3, () => this.#inline(depth - 1));
    return pick([
      () => this.#element(pick(INLINE), inside()),
      () => this.#element(pick(INLINE), inside()),
      () => this.#element('br', ''),
      () => `<br class="${pick(CLASSES)}"/> <br/>`,
      () => pick(['<!-- c -->', '<?pi a="b"?>', `<![CDATA[${this.#word()} &amp;  ]]>`]),
      () => this.#ruby(),
      () =>
        pick([
          '<span epub:type="pagebreak">9</span>',
          '<img src="i.png" alt=""/>',
          '<img align="left" src="i.png" alt=""/>',
        ]),
      () => this.#element('button', inside()),
      () => `<object type="image/png">${inside()}</object>`,
      () => this.#choices(inside),
      () =>
        this.#isWellFormed
          ? this.#text()
          : pick(['<p::p>', '<b\t>', '</i>', '<:x>', '< b>', '<3', '</html>']),
      () => `<svg><text>${this.#word()}\r\n\t${this.#word()}</text><g>${this.#word()}</g></svg>`,
    ])();
  }

  #choices(inside: () => string): string {
    const space = this.#dice.pick(['x', 'http://www.w3.org/1998/Math/MathML']);
    return (
      `<epub:switch><epub:case required-namespace="${space}">${inside()}</epub:case>` +
      `<epub:default>${inside()}</epub:default></epub:switch>`
    );
  }

  #ruby(): string {
    const word = (): string => this.#word();
    return this.#dice.pick([
      () => `<ruby>${word()}<rt>${word()}</rt></ruby>`,
      () => `<ruby>${word()}</ruby>`,
      () => `<ruby><rt>${word()}</rt></ruby>`,
      () => `<ruby>${word()}<rt>${word()}</rt>${word()}<rt>${word()}</rt></ruby>`,
      () => `<p><rp>(</rp>${word()}</p>`,
    ])();
  }

  #flow(depth: number): string {
    const { pick, oneIn } = this.#bound();
    if (depth === 0 || oneIn(6)) return this.#inline(2);
    const flows = (): string => this.#dice.some(4, () => this.#flow(depth - 1));
    const inlines = (): string => this.#dice.some(4, () => this.#inline(3));
    return pick([
      () => this.#element(pick(BLOCK), inlines()),
      () => this.#element(pick(BLOCK), inlines()),
      () => this.#element(pick(BLOCK), flows()),
      () => this.#element(pick(INLINE), flows()),
      () =>
        this.#element(
          'pre',
          `${pick(['\n', '\r\n', ''])}${oneIn(2) ? this.#element('div', inlines()) : inlines()}`,
        ),
      () =>
        this.#element(
          'ul',
          `\n${this.#element('li', `<a><span title="t">${this.#word()}</span> <b>x</b></a>`)}\n`,
        ),
      () => this.#element(pick(TEXTLESS), inlines()),
      () => (oneIn(4) ? `<p>${this.#longText()}</p>` : this.#text()),
      () =>
        `<table>\n<tbody> <tr>${this.#dice.some(3, () => `<td>${pick([flows, inlines])()}</td> `)}</tr></tbody></table>`,
      () => this.#element('div', `${inlines()}${this.#element(pick(INLINE), flows())}${inlines()}`),
      () => (this.#isWellFormed || !oneIn(4) ? flows() : `<div>${flows()}</body>${this.#text()}</div>`),
    ])();
  }
}
