import { CDATA, TEXT, type SourceTree } from '../source/source-tree.js';
import { SourceTreeBuilder } from '../source/source-tree-builder.js';
import type { Work } from '../work.js';
import { endOfTag } from './crengine-tag.js';
import { cutOfText } from './text-splitting.js';

export interface CrengineTree {
  readonly tree: SourceTree;
  /**
   * Source offset of the first markup that the rules do not cover (a stray `<`, a tag that never ends). The tree is a
   * guess from there on. Infinity for every ordinary document.
   */
  readonly doubtfulFrom: number;
}

const TAG_NAME = /[A-Za-z][A-Za-z0-9\-_.:]*/y;

/**
 * Builds the tree that crengine's XML-like parser builds (RULES.md R15, R16, R17, R18, R19), as offsets into the
 * source. The tree holds all texts; kept-texts.ts decides which of them crengine drops. Pinned by pairs.test.ts and
 * crengine-facts.test.ts.
 *
 * @throws DocumentLimitError for a document with too many or too deeply nested nodes.
 */
export function parseAsCrengine(source: string, work: Work): CrengineTree {
  work.scan(source.length);
  const parser = new CrengineParser(source, work);
  parser.run();
  return { tree: parser.builder.seal(), doubtfulFrom: parser.doubtfulFrom };
}

class CrengineParser {
  readonly builder: SourceTreeBuilder;
  doubtfulFrom = Number.POSITIVE_INFINITY;
  readonly #source: string;
  readonly #work: Work;
  /** Depth of the outermost open `svg`, 0 outside of one. Names keep their case inside of it (RULES.md R16). */
  #svgDepth = 0;

  constructor(source: string, work: Work) {
    this.#source = source;
    this.#work = work;
    this.builder = new SourceTreeBuilder(source, work);
  }

  run(): void {
    const source = this.#source;
    // crengine skips everything before the first tag (RULES.md R15).
    let at = source.indexOf('<');
    while (at >= 0 && at < source.length) {
      this.#work.spend(1);
      if (source[at] !== '<') at = this.#readText(at);
      else if (source.startsWith('<!--', at)) at = this.#endAfter('-->', at + 4);
      else if (source.startsWith('<![CDATA[', at)) at = this.#readCdata(at + 9);
      else if (source[at + 1] === '!') at = this.#endAfter('>', at + 2);
      else if (source[at + 1] === '/') at = this.#readEndTag(at);
      else at = this.#readStartTag(at);
    }
  }

  #doubt(offset: number): void {
    this.doubtfulFrom = Math.min(this.doubtfulFrom, offset);
  }

  /** The offset after the next `mark`, or the end of the source if there is none. */
  #endAfter(mark: string, from: number): number {
    const found = this.#source.indexOf(mark, from);
    if (found >= 0) return found + mark.length;
    this.#doubt(from);
    return this.#source.length;
  }

  #readText(at: number): number {
    const open = this.#source.indexOf('<', at);
    const end = open < 0 ? this.#source.length : open;
    this.#appendText(TEXT, at, end);
    return end;
  }

  #readCdata(at: number): number {
    const end = this.#endAfter(']]>', at);
    const isEnded = end - 3 >= at && this.#source.startsWith(']]>', end - 3);
    this.#appendText(CDATA, at, isEnded ? end - 3 : end);
    return end;
  }

  #appendText(kind: number, start: number, end: number): void {
    let from = start;
    while (from < end) {
      const cut = cutOfText(this.#source, from, end);
      this.builder.appendText(kind, from, cut);
      from = cut;
    }
  }

  #readEndTag(at: number): number {
    const end = this.#endAfter('>', at + 2);
    TAG_NAME.lastIndex = at + 2;
    const local = localName(TAG_NAME.exec(this.#source)?.[0] ?? '');
    if (!this.builder.isOpen(local) && !this.builder.isOpen(local.toLowerCase())) return end;
    for (let above = 0; ; above += 1) {
      this.#work.spend(1);
      const open = this.builder.openName(above);
      if (open === undefined) return end;
      if (open !== local && open !== local.toLowerCase()) continue;
      for (let closing = 0; closing < above; closing += 1) this.builder.closeElement(at, at);
      this.builder.closeElement(at, end);
      if (this.builder.depth < this.#svgDepth) this.#svgDepth = 0;
      return end;
    }
  }

  #readStartTag(at: number): number {
    const isInstruction = this.#source[at + 1] === '?';
    const nameStart = isInstruction ? at + 2 : at + 1;
    TAG_NAME.lastIndex = nameStart;
    const qualified = TAG_NAME.exec(this.#source)?.[0];
    const nameEnd = nameStart + (qualified?.length ?? 0);
    // A tab after the name makes crengine skip the tag (RULES.md R16). Other characters there are not covered.
    if (qualified === undefined || !' />?\r\n'.includes(this.#source[nameEnd] ?? ' ')) {
      if (qualified === undefined || this.#source[nameEnd] !== '\t') this.#doubt(at);
      return this.#endAfter('>', at + 1);
    }
    const tag = endOfTag(this.#source, nameEnd);
    if (!tag.isCertain) this.#doubt(at);
    const name = this.#elementName(qualified, isInstruction);
    this.builder.openElement(name, at, tag.end);
    if (name === 'svg' && this.#svgDepth === 0) this.#svgDepth = this.builder.depth;
    if (tag.isClosed) {
      this.builder.closeElement(tag.end, tag.end);
      if (this.builder.depth < this.#svgDepth) this.#svgDepth = 0;
      return tag.end;
    }
    if (name === 'script' || name === 'style') return this.#readRawText(name, tag.end);
    return tag.end;
  }

  #elementName(qualified: string, isInstruction: boolean): string {
    const local = localName(qualified);
    const name = this.#svgDepth > 0 ? local : local.toLowerCase();
    return isInstruction ? `?${name}` : name;
  }

  /** The content of `script` and `style` is one text up to the end tag (RULES.md R18). */
  #readRawText(name: 'script' | 'style', at: number): number {
    const endTag = name === 'script' ? /<\/script/gi : /<\/style/gi;
    endTag.lastIndex = at;
    const end = endTag.exec(this.#source)?.index ?? this.#source.length;
    if (end > at) this.builder.appendText(CDATA, at, end);
    return end;
  }
}

function localName(qualified: string): string {
  return qualified.slice(qualified.indexOf(':') + 1);
}
