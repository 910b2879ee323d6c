import type { MarkupEncoding } from '../source/markup.js';
import { CDATA, INSERTED, TEXT, type SourceTree } from '../source/source-tree.js';
import { SourceTreeBuilder } from '../source/source-tree-builder.js';
import type { Work } from '../work.js';
import { endOfTag, nameAt, skipSpaces } from './crengine-tag.js';
import type { Dialect } from './dialect.js';
import { HtmlElements } from './html-elements.js';
import { RUBY_ROWS } from './ruby-boxes.js';
import { cutOfText } from './text-splitting.js';

export interface CrengineTree {
  readonly tree: SourceTree;
  /** The `body` of each DocFragment, in order (RULES.md R34). Of another document than a chapter, its root elements. */
  readonly bodies: readonly number[];
  /** False for an HTML file of which crengine moves some elements (RULES.md R38). */
  readonly isCertain: boolean;
}

export interface ParserOptions {
  readonly encoding?: MarkupEncoding;
  readonly dialect?: Dialect;
}

const SPACE_ONLY = /^[ \t\r\n]*$/;

const ROOT_NAMES: Readonly<Record<Dialect, string | undefined>> = {
  chapter: undefined,
  'fiction-book': 'FictionBook',
  html: 'html',
};

/** The form of a book of that library is in a `div` at the right. */
const RIGHT_ALIGNED = /align\s*[=:]\s*["']?right/i;

/**
 * Builds the tree that crengine's XML-like parser builds (RULES.md R15, R16, R17, R18, R19), as offsets into the
 * source. The tree holds all texts; kept-texts.ts decides which of them crengine drops. Pinned by pairs.test.ts and
 * crengine-facts.test.ts.
 *
 * @throws DocumentLimitError for a document with too many or too deeply nested nodes.
 */
export function parseAsCrengine(
  source: string,
  work: Work,
  { encoding = 'known', dialect = 'chapter' }: ParserOptions = {},
): CrengineTree {
  work.scan(source.length);
  const parser = new CrengineParser(source, work, encoding, dialect);
  parser.run();
  return { tree: parser.builder.seal(), bodies: parser.bodies, isCertain: parser.isCertain };
}

class CrengineParser {
  readonly builder: SourceTreeBuilder;
  readonly bodies: number[] = [];
  readonly #source: string;
  readonly #isUtf16: boolean;
  readonly #dialect: Dialect;
  readonly #work: Work;
  /** Only of an HTML file. */
  readonly #html: HtmlElements | undefined;
  /** An HTML file has had a `div` at the right. */
  #sawRight = false;
  /** The next character to read. */
  #at = 0;
  /** Depth of the open `body` of a DocFragment, 0 outside of one. */
  #bodyDepth = 0;
  /** Depth of the outermost open `svg`, 0 outside of one. Names keep their case inside of it (RULES.md R16). */
  #svgDepth = 0;
  /** Where the last text ends. */
  #textEnd = -1;
  /** The element whose content is one text up to its end tag, until that text is read (RULES.md R18). */
  #rawName: 'script' | 'style' | undefined;

  constructor(source: string, work: Work, encoding: MarkupEncoding, dialect: Dialect) {
    this.#source = source;
    this.#dialect = dialect;
    this.#isUtf16 = encoding === 'utf-16';
    this.#work = work;
    this.builder = new SourceTreeBuilder(source, work, encoding);
    this.#html =
      dialect === 'html'
        ? new HtmlElements(this.builder, work, (name, start, innerStart) =>
            this.#add(name, start, innerStart),
          )
        : undefined;
  }

  get isCertain(): boolean {
    return this.#html?.isRearranged !== true;
  }

  run(): void {
    // crengine skips everything before the first tag (RULES.md R15).
    let open = this.#offsetOf('<', 0);
    this.#at = open + 1;
    while (this.#at < this.#source.length) {
      this.#work.spend(1);
      if (this.#readMarkup(open)) {
        this.#readText();
        open = this.#at;
        this.#at = open + 1;
      } else {
        // crengine also skips the character after the `<` at which a broken tag ends (RULES.md R17).
        open = this.#at;
        this.#at = open + 2;
      }
    }
  }

  /** The offset of the next `mark`, or the end of the source if there is none. */
  #offsetOf(mark: string, from: number): number {
    const found = this.#source.indexOf(mark, from);
    return found < 0 ? this.#source.length : found;
  }

  #skipAfter(mark: string, from: number): void {
    this.#at = Math.min(this.#source.length, this.#offsetOf(mark, from) + mark.length);
  }

  /**
   * Reads what follows a `<`.
   * @returns false after a broken tag, where more markup follows, and not text
   */
  #readMarkup(open: number): boolean {
    const source = this.#source;
    const at = this.#at;
    if (source.startsWith('!--', at)) this.#skipAfter('-->', at + 3);
    else if (source.startsWith('![CDATA[', at)) this.#readCdata(at + 8);
    else if (source[at] === '/') this.#readEndTag(open, at + 1);
    else if (source[at] === '?') return this.#readStartTag(open, at + 1, '?');
    else return this.#readStartTag(open, skipSpaces(source, at), '');
    return true;
  }

  #readCdata(at: number): void {
    const end = this.#offsetOf(']]>', at);
    this.#appendTexts(CDATA, at, end);
    this.#at = Math.min(this.#source.length, end + 3);
  }

  #readText(): void {
    const end = this.#rawName === undefined ? this.#offsetOf('<', this.#at) : this.#endOfRawText();
    this.#rawName = undefined;
    this.#appendTexts(TEXT, this.#at, end);
    this.#at = end;
  }

  #endOfRawText(): number {
    const endTag = this.#rawName === 'script' ? /<\/script/gi : /<\/style/gi;
    endTag.lastIndex = this.#at;
    return endTag.exec(this.#source)?.index ?? this.#source.length;
  }

  #appendTexts(kind: number, start: number, end: number): void {
    let from = start;
    while (from < end) {
      const cut = cutOfText(this.#source, from, end, this.#isUtf16);
      // White space at the end of the file is dropped (RULES.md R15).
      if (cut === this.#source.length && SPACE_ONLY.test(this.#source.slice(from))) return;
      const to = cut;
      const at = from;
      this.#html?.beforeText(at, () => SPACE_ONLY.test(this.#source.slice(at, to)));
      if (this.builder.openName() === 'style' && this.builder.openName(1) === 'head') this.#noteStyles();
      if (from === start) this.#leavePlace(from);
      this.builder.appendText(kind, from, cut);
      this.#textEnd = cut;
      from = cut;
    }
  }

  #readEndTag(open: number, at: number): void {
    const name = nameAt(this.#source, at);
    this.#skipAfter('>', name?.end ?? at);
    if (name !== undefined && this.#source[name.end] !== '=')
      this.#close(this.#caseOf(name.local), open, this.#at, false);
  }

  #readStartTag(open: number, at: number, prefix: '' | '?'): boolean {
    const name = nameAt(this.#source, at);
    if (name === undefined || this.#source[name.end] === '=') {
      this.#skipAfter('>', name?.end ?? at);
      return true;
    }
    const local = prefix + this.#caseOf(name.local);
    const tag = endOfTag(this.#source, name.end);
    this.#at = tag.end;
    if (this.#html === undefined) this.#add(local, open, tag.end);
    else this.#openInHtml(this.#html, local, open, tag.end);
    const lowerCase = local.toLowerCase();
    if (tag.kind === 'closed') this.#close(local, tag.end, tag.end, true);
    else if (lowerCase === 'script' || lowerCase === 'style') this.#rawName = lowerCase;
    return tag.kind !== 'broken';
  }

  #openInHtml(html: HtmlElements, local: string, start: number, innerStart: number): void {
    html.open(local, start, innerStart);
    if (this.builder.depth < this.#svgDepth) this.#svgDepth = 0;
    if (local === 'link' && this.builder.openName() === 'head') {
      if (isStyleLink(this.#source.slice(start, innerStart))) this.#noteStyles();
    }
    // Books of an old library on the web, which crengine knows by a form, are read in another way.
    if (local === 'div') this.#sawRight ||= RIGHT_ALIGNED.test(this.#source.slice(start, innerStart));
    if (local === 'form' && this.#sawRight) html.isRearranged = true;
  }

  #noteStyles(): void {
    if (this.#html !== undefined) this.#html.hasStyles = true;
  }

  #add(local: string, start: number, innerStart: number): void {
    this.#leavePlace(start);
    const element = this.builder.openElement(local, start, innerStart);
    const { depth } = this.builder;
    if (RUBY_ROWS.has(local)) this.builder.appendText(INSERTED, innerStart - 1, innerStart - 1);
    const isBody = this.#dialect === 'chapter' && local === 'body' && this.#bodyDepth === 0;
    if (isBody) this.#bodyDepth = depth;
    if (isBody || (depth === 1 && local === ROOT_NAMES[this.#dialect])) this.bodies.push(element);
    const mayDraw = this.#bodyDepth > 0 || this.#html !== undefined;
    if (mayDraw && local === 'svg' && this.#svgDepth === 0) this.#svgDepth = depth;
  }

  /**
   * Before each child of a ruby crengine may insert a character (RULES.md R32). Its offset is that of the end of the tag
   * before it, where no text can be, or of the child after a text.
   */
  #leavePlace(offset: number): void {
    if (this.builder.openName() !== 'ruby') return;
    const place = offset === this.#textEnd ? offset : offset - 1;
    this.builder.appendText(INSERTED, place, place);
  }

  #caseOf(name: string): string {
    return this.#svgDepth > 0 || this.#dialect === 'fiction-book' ? name : name.toLowerCase();
  }

  /** Closes the innermost open element of that name, with all in it. Inside of a body only what is in it is searched. */
  #close(name: string, innerEnd: number, end: number, isEmptyTag: boolean): void {
    const { builder } = this;
    if (this.#html !== undefined) {
      this.#html.close(name, innerEnd, end, isEmptyTag);
      if (builder.depth < this.#svgDepth) this.#svgDepth = 0;
      return;
    }
    if (!builder.isOpen(name)) return;
    // Any end of a `body` is the end of the DocFragment (RULES.md R34).
    const isFragmentEnd = name === 'body' && this.#bodyDepth > 0;
    let closing = isFragmentEnd ? this.#bodyDepth : builder.depth;
    while (builder.openName(builder.depth - closing) !== name) {
      this.#work.spend(1);
      closing -= 1;
      if (closing <= this.#bodyDepth) return;
    }
    while (builder.depth > closing) builder.closeElement(innerEnd, innerEnd);
    builder.closeElement(innerEnd, end);
    if (builder.depth < this.#svgDepth) this.#svgDepth = 0;
    if (builder.depth < this.#bodyDepth) this.#bodyDepth = 0;
  }
}

const STYLE_LINK = /\srel\s*=\s*(?:"[ \t]*stylesheet[ \t]*"|'[ \t]*stylesheet[ \t]*'|stylesheet(?=[\s/>]))/i;
const LINK_TYPE = /\stype\s*=\s*["']?\s*([^"'\s>]*)/i;

function isStyleLink(tag: string): boolean {
  const type = LINK_TYPE.exec(tag)?.[1]?.toLowerCase() ?? '';
  return STYLE_LINK.test(tag) && (type === '' || type === 'text/css');
}
