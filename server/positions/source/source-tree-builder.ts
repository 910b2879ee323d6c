import type { Work } from '../work.js';
import type { MarkupEncoding } from './markup.js';
import { DOCUMENT, ELEMENT, NO_NODE, type SourceTree } from './source-tree.js';

/**
 * 600,000 nodes take 20 MB in each tree. A chapter of 8 MiB as real tools write it has a node for about 30 bytes,
 * 280,000 in all.
 */
const MAX_NODES = 600_000;

/**
 * No book is this deep (calibre nests some dozens of blocks). The check of well-formedness and parse5 search the
 * stack of open elements at each tag, so that the depth is a factor of their time.
 */
export const MAX_DEPTH = 256;

/** Documents use some dozens of names. Each costs a string and an entry of a map. */
const MAX_NAMES = 10_000;

/** Names of XHTML, SVG and MathML have some twenty characters. A position holds the names of all elements around it. */
const MAX_NAME_LENGTH = 256;

/** The document is larger or deeper than these limits. Of positions in it only the chapter is known. */
export class DocumentLimitError extends Error {}

/**
 * Builds a `SourceTree`: elements are opened and closed like tags, and texts are appended to the open element. The
 * builder must not be used after `seal`.
 */
export class SourceTreeBuilder {
  readonly #source: string;
  readonly #encoding: MarkupEncoding;
  readonly #work: Work;
  readonly #names: string[] = [''];
  readonly #nameNumbers = new Map<string, number>([['', 0]]);
  readonly #open: number[] = [0];
  readonly #openCounts = new Map<string, number>();
  readonly #lastChildren: number[] = [NO_NODE];
  #count = 0;
  #capacity = 1024;
  #kind = new Uint8Array(1024);
  #name = new Int32Array(1024);
  #parent = new Int32Array(1024);
  #firstChild = new Int32Array(1024);
  #nextSibling = new Int32Array(1024);
  #start = new Int32Array(1024);
  #innerStart = new Int32Array(1024);
  #innerEnd = new Int32Array(1024);
  #end = new Int32Array(1024);

  constructor(source: string, work: Work, encoding: MarkupEncoding = 'known') {
    this.#source = source;
    this.#encoding = encoding;
    this.#work = work;
    this.#append(DOCUMENT, '', 0, 0, NO_NODE);
  }

  /** Number of elements that are open. */
  get depth(): number {
    return this.#open.length - 1;
  }

  /** True if an element of that name is open. Saves the search for an end tag without a match. */
  isOpen(name: string): boolean {
    return (this.#openCounts.get(name) ?? 0) > 0;
  }

  /** Name of the open element `above` levels above the innermost one. Undefined above the root. */
  openName(above = 0): string | undefined {
    const index = this.#open.length - 1 - above;
    if (index < 1) return undefined;
    return this.#names[this.#name[this.#open[index] ?? 0] ?? 0];
  }

  openElement(name: string, start: number, innerStart: number): number {
    if (this.#open.length > MAX_DEPTH) throw new DocumentLimitError('elements are nested too deeply');
    const node = this.#appendChild(ELEMENT, name, start, innerStart);
    this.#open.push(node);
    this.#openCounts.set(name, (this.#openCounts.get(name) ?? 0) + 1);
    this.#lastChildren.push(NO_NODE);
    return node;
  }

  closeElement(innerEnd: number, end: number): void {
    if (this.#open.length === 1) return;
    const node = this.#open.pop();
    this.#lastChildren.pop();
    if (node === undefined) return;
    const name = this.#names[this.#name[node] ?? 0] ?? '';
    this.#openCounts.set(name, (this.#openCounts.get(name) ?? 0) - 1);
    this.#innerEnd[node] = innerEnd;
    this.#end[node] = end;
  }

  appendText(kind: number, start: number, end: number): number {
    const node = this.#appendChild(kind, '', start, start);
    this.#innerEnd[node] = end;
    this.#end[node] = end;
    return node;
  }

  /** Closes the elements that are still open and returns the tree. */
  seal(): SourceTree {
    const length = this.#source.length;
    while (this.#open.length > 1) this.closeElement(length, length);
    this.#innerEnd[0] = length;
    this.#end[0] = length;
    const count = this.#count;
    return {
      source: this.#source,
      encoding: this.#encoding,
      work: this.#work,
      names: this.#names,
      nodeCount: count,
      kind: this.#kind.slice(0, count),
      name: this.#name.slice(0, count),
      parent: this.#parent.slice(0, count),
      firstChild: this.#firstChild.slice(0, count),
      nextSibling: this.#nextSibling.slice(0, count),
      start: this.#start.slice(0, count),
      innerStart: this.#innerStart.slice(0, count),
      innerEnd: this.#innerEnd.slice(0, count),
      end: this.#end.slice(0, count),
    };
  }

  #appendChild(kind: number, name: string, start: number, innerStart: number): number {
    const level = this.#open.length - 1;
    const parent = this.#open[level] ?? 0;
    const node = this.#append(kind, name, start, innerStart, parent);
    const previous = this.#lastChildren[level] ?? NO_NODE;
    if (previous === NO_NODE) this.#firstChild[parent] = node;
    else this.#nextSibling[previous] = node;
    this.#lastChildren[level] = node;
    return node;
  }

  #append(kind: number, name: string, start: number, innerStart: number, parent: number): number {
    this.#work.spend(1);
    if (this.#count >= MAX_NODES) throw new DocumentLimitError('too many elements and texts');
    if (this.#count === this.#capacity) this.#grow();
    const node = this.#count;
    this.#count += 1;
    this.#kind[node] = kind;
    this.#name[node] = this.#numberOf(name);
    this.#parent[node] = parent;
    this.#firstChild[node] = NO_NODE;
    this.#nextSibling[node] = NO_NODE;
    this.#start[node] = start;
    this.#innerStart[node] = innerStart;
    return node;
  }

  #numberOf(name: string): number {
    const known = this.#nameNumbers.get(name);
    if (known !== undefined) return known;
    const number = this.#names.length;
    if (name.length > MAX_NAME_LENGTH) throw new DocumentLimitError('an element name of this length');
    if (number >= MAX_NAMES) throw new DocumentLimitError('too many different element names');
    this.#names.push(name);
    this.#nameNumbers.set(name, number);
    return number;
  }

  #grow(): void {
    this.#capacity = Math.min(this.#capacity * 2, MAX_NODES);
    this.#kind = grown(this.#kind, new Uint8Array(this.#capacity));
    this.#name = grown(this.#name, new Int32Array(this.#capacity));
    this.#parent = grown(this.#parent, new Int32Array(this.#capacity));
    this.#firstChild = grown(this.#firstChild, new Int32Array(this.#capacity));
    this.#nextSibling = grown(this.#nextSibling, new Int32Array(this.#capacity));
    this.#start = grown(this.#start, new Int32Array(this.#capacity));
    this.#innerStart = grown(this.#innerStart, new Int32Array(this.#capacity));
    this.#innerEnd = grown(this.#innerEnd, new Int32Array(this.#capacity));
    this.#end = grown(this.#end, new Int32Array(this.#capacity));
  }
}

function grown<Column extends Uint8Array | Int32Array>(from: Column, to: Column): Column {
  to.set(from);
  return to;
}
