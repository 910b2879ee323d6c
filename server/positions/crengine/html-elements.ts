import type { SourceTreeBuilder } from '../source/source-tree-builder.js';
import type { Work } from '../work.js';
import {
  CLOSES_P,
  HEADINGS,
  IN_HEAD,
  ROW_GROUPS,
  RUBY_PARTS,
  SPECIAL,
  TABLE_FRAME,
  TABLE_PARTS,
  VOID,
} from './html-names.js';

/** Adds an element with the source offsets of its start tag. They are equal for one without a start tag. */
type AddElement = (name: string, start: number, innerStart: number) => void;

const BLOCK_SCOPE: ReadonlySet<string> = new Set(
  'html table td th caption applet marquee object template'.split(' '),
);
const LIST_SCOPE: ReadonlySet<string> = new Set([...BLOCK_SCOPE, 'ol', 'ul']);
const TABLE_SCOPE: ReadonlySet<string> = new Set(['html', 'table', 'template']);
/** What an item of a list may be in without closing the item before it. */
const TRANSPARENT: ReadonlySet<string> = new Set(['div', 'p', 'address']);
const LINE_PARTS: ReadonlySet<string> = new Set(['caption', 'colgroup', ...ROW_GROUPS]);

/**
 * Opens and closes the elements of an HTML file as crengine does (RULES.md R38): what is missing is opened, and what HTML
 * closes is closed.
 */
export class HtmlElements {
  readonly #builder: SourceTreeBuilder;
  readonly #work: Work;
  readonly #add: AddElement;
  #sawHtml = false;
  #sawHead = false;
  #sawBody = false;
  #hasRoot = false;
  /** Depth of the last `p` that was opened, 0 if it is closed. */
  #lastP = 0;
  /** Whether crengine has moved elements or texts, so that the tree here is not the same. */
  isRearranged = false;
  /** Whether the next `body` gets the style sheets of the head as its first child. */
  hasStyles = false;

  constructor(builder: SourceTreeBuilder, work: Work, add: AddElement) {
    this.#builder = builder;
    this.#work = work;
    this.#add = add;
  }

  /**
   * @param start source offset of the tag, or of what implies the element
   * @returns false if the tag is ignored
   */
  open(name: string, start: number, innerStart: number): boolean {
    if (name.startsWith('?')) return false;
    const current = this.#builder.openName();
    if (isFrame(current) && !TABLE_PARTS.has(name)) this.isRearranged = true;
    else if (!this.#makeRoom(name, start)) return false;
    if (this.#builder.depth === 0) {
      // What follows the end of the first root is another document.
      if (this.#hasRoot) this.isRearranged = true;
      this.#hasRoot = true;
    }
    this.#add(name, start, innerStart);
    if (name === 'p') this.#lastP = this.#builder.depth;
    if (name === 'body' && this.hasStyles) {
      this.hasStyles = false;
      this.#add('stylesheet', innerStart, innerStart);
      this.#builder.closeElement(innerStart, innerStart);
    }
    if (VOID.has(name)) this.#builder.closeElement(innerStart, innerStart);
    return true;
  }

  /** Opens what has to be open before a text. */
  beforeText(start: number, isWhiteSpace: () => boolean): void {
    const current = this.#builder.openName();
    const isInFrame = isFrame(current);
    const isInRoot = current === undefined || current === 'html' || current === 'head';
    if (!isInFrame && (this.#sawBody || !isInRoot)) return;
    if (isWhiteSpace()) return;
    if (isInFrame) this.isRearranged = true;
    else this.#openRoots(undefined, start);
  }

  /** @param isEmptyTag that the end is that of `<x/>` */
  close(name: string, innerEnd: number, end: number, isEmptyTag: boolean): void {
    const isAlone = !isEmptyTag && (name === 'br' || (name === 'p' && this.#lastP === 0));
    if (isAlone && this.#builder.openName() !== name) {
      this.open(name, innerEnd, innerEnd);
      if (name === 'p') this.#closeTo(this.#builder.depth, end, end);
      return;
    }
    if (!VOID.has(name)) this.#closeTo(this.#closingDepth(name), innerEnd, end);
  }

  /** The depth of the element that an end tag closes, 0 if it closes none. */
  #closingDepth(name: string): number {
    if (this.#builder.openName() === name) return this.#builder.depth;
    const isName = (open: string): boolean => open === name;
    if (!SPECIAL.has(name)) return this.#find(isName, (open) => SPECIAL.has(open));
    if (HEADINGS.has(name))
      return this.#find(
        (open) => HEADINGS.has(open),
        (open) => BLOCK_SCOPE.has(open),
      );
    if (name === 'li') return this.#find(isName, (open) => LIST_SCOPE.has(open));
    const scope = TABLE_PARTS.has(name) ? TABLE_SCOPE : BLOCK_SCOPE;
    return this.#find(isName, (open) => scope.has(open));
  }

  /** The depth of the innermost open element that is wanted, 0 if there is none before one that ends the search. */
  #find(isWanted: (name: string) => boolean, ends: (name: string) => boolean): number {
    const { depth } = this.#builder;
    for (let above = 0; above < depth; above += 1) {
      this.#work.spend(1);
      const name = this.#builder.openName(above) ?? '';
      if (isWanted(name)) return depth - above;
      if (ends(name)) return 0;
    }
    return 0;
  }

  /** Closes all elements from the innermost one to that of a depth. With 0 it closes nothing. */
  #closeTo(depth: number, innerEnd: number, end: number): void {
    if (depth === 0) return;
    while (this.#builder.depth >= depth) {
      const name = this.#builder.openName();
      if (name === 'body') this.#sawBody = false;
      if (name === 'html') {
        this.#sawHead = false;
        this.#sawHtml = false;
      }
      const isLast = this.#builder.depth === depth;
      this.#builder.closeElement(innerEnd, isLast ? end : innerEnd);
    }
    if (this.#builder.depth < this.#lastP) this.#lastP = 0;
  }

  /** @param name of the element that is opened. Undefined: a text */
  #openRoots(name: string | undefined, start: number): void {
    if (this.#sawBody) return;
    if (!this.#sawHead) {
      if (!this.#sawHtml) {
        this.#sawHtml = true;
        if (name !== 'html') this.open('html', start, start);
      }
      if (name !== undefined && (IN_HEAD.has(name) || name === 'noscript')) {
        this.#sawHead = true;
        if (name !== 'head') this.open('head', start, start);
      }
    }
    const current = this.#builder.openName();
    const isInBody =
      name === undefined ? current === 'html' || current === 'head' : name !== 'html' && !IN_HEAD.has(name);
    if (!isInBody) return;
    if (this.#sawHead) this.close('head', start, start, true);
    this.#sawHead = true;
    this.#sawBody = true;
    if (name !== 'body') this.open('body', start, start);
  }

  /**
   * Closes what the start tag of an element closes, and opens what has to be around the element.
   * @returns false if the tag is ignored
   */
  #makeRoom(name: string, start: number): boolean {
    this.#openRoots(name, start);
    if (TABLE_PARTS.has(name) && name !== 'table' && !this.#makeRoomInTable(name, start)) return false;
    const closeTo = (depth: number): void => this.#closeTo(depth, start, start);
    const endsItem = (open: string): boolean => SPECIAL.has(open) && !TRANSPARENT.has(open);
    if (name === 'li') closeTo(this.#find((open) => open === 'li', endsItem));
    if (name === 'dt' || name === 'dd')
      closeTo(this.#find((open) => open === 'dt' || open === 'dd', endsItem));
    if (name === 'select') {
      closeTo(
        this.#find(
          (open) => open === 'select',
          (open) => open !== 'optgroup' && open !== 'option',
        ),
      );
    }
    if (CLOSES_P.has(name)) closeTo(this.#lastP);
    const current = this.#builder.openName();
    if (HEADINGS.has(name)) {
      if (HEADINGS.has(current ?? '')) closeTo(this.#builder.depth);
    } else if (current === 'option' && (name === 'optgroup' || name === 'option')) {
      closeTo(this.#builder.depth);
    } else if (RUBY_PARTS.has(name)) this.#closeRubyParts(name, start);
    return true;
  }

  #makeRoomInTable(name: string, start: number): boolean {
    const closeTo = (depth: number): void => this.#closeTo(depth, start, start);
    const endsTable = (open: string): boolean => TABLE_SCOPE.has(open);
    const current = (): string => this.#builder.openName() ?? '';
    if (name === 'th' || name === 'td') {
      closeTo(this.#find((open) => open === 'th' || open === 'td', endsTable));
      if (!TABLE_FRAME.has(current())) return false;
      if (current() !== 'tr') this.open('tr', start, start);
    } else if (name === 'tr') {
      closeTo(this.#find((open) => open === 'tr', endsTable));
      if (!TABLE_FRAME.has(current()) || current() === 'tr') return false;
      if (!ROW_GROUPS.has(current())) this.open('tbody', start, start);
    } else if (name === 'col') {
      closeTo(this.#find((open) => open === 'col', endsTable));
      if (!TABLE_PARTS.has(current())) return false;
      if (current() !== 'colgroup') this.open('colgroup', start, start);
    } else if (LINE_PARTS.has(name)) {
      closeTo(this.#partOfTable());
      if (current() !== 'table') return false;
    }
    return true;
  }

  /** The depth of the child of the innermost table that is open, 0 if there is none. */
  #partOfTable(): number {
    const { depth } = this.#builder;
    for (let above = 0; above < depth; above += 1) {
      this.#work.spend(1);
      if (this.#builder.openName(above + 1) === 'table') return depth - above;
      if (TABLE_SCOPE.has(this.#builder.openName(above) ?? '')) return 0;
    }
    return 0;
  }

  #closeRubyParts(name: string, start: number): void {
    for (;;) {
      const current = this.#builder.openName() ?? '';
      const isKept =
        name === 'rb' ? current === 'rbc' : (name === 'rt' || name === 'rp') && current === 'rtc';
      if (!RUBY_PARTS.has(current) || isKept) return;
      this.#closeTo(this.#builder.depth, start, start);
    }
  }
}

/** True for a part of a table that has no text and no other elements. */
function isFrame(name: string | undefined): boolean {
  return name !== undefined && name !== 'caption' && TABLE_FRAME.has(name);
}
