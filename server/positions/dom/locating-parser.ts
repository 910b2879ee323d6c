import { html, Parser, type Token } from 'parse5';
import { htmlReference } from '../source/character-references.js';
import { DocumentLimitError } from '../source/source-tree-builder.js';
import type { Work } from '../work.js';
import { htmlTreeAdapter, type HtmlNode, type HtmlTypes } from './html-tree-adapter.js';

const RAW_TEXT: ReadonlySet<string> = new Set(
  'script style xmp iframe noembed noframes noscript plaintext'.split(' '),
);

/** True if no references are decoded in the element. */
export function holdsRawText(element: HtmlNode | undefined): boolean {
  return element?.namespace === html.NS.HTML && RAW_TEXT.has(element.name);
}

/** The location of a text that cannot be found in the source. It occurs only in foreign content. */
const NOWHERE = -1;

const LF = 0x0a;
const CR = 0x0d;
const AMPERSAND = 0x26;
/** Each reference needs a decoder. */
const REFERENCE_STEPS = 8;

/**
 * parse5 with correct locations of texts. Its own locations are wrong by the length of a character reference if the
 * kind of token changes there (`a &amp;b`). The source between two tags is all text, so that each piece of text is
 * found right after the one before.
 */
export class LocatingParser extends Parser<HtmlTypes> {
  readonly #source: string;
  readonly #work: Work;
  /** Source offset after the last token. */
  #cursor = 0;
  /** The last text. The parser processes the one before `<html>`, for example, again in the next insertion mode. */
  #located: Token.CharacterToken | undefined;

  constructor(source: string, work: Work) {
    super({ sourceCodeLocationInfo: true, scriptingEnabled: true, treeAdapter: htmlTreeAdapter(work) });
    this.#work = work;
    this.#source = source;
  }

  /** @throws DocumentLimitError for too many or too deeply nested nodes, and for text that is not in the source. */
  run(): HtmlNode {
    this.tokenizer.write(this.#source, true);
    return this.document;
  }

  override onCharacter(token: Token.CharacterToken): void {
    this.#locate(token, 0);
    super.onCharacter(token);
  }

  override onWhitespaceCharacter(token: Token.CharacterToken): void {
    // The parser drops the newline after `<pre>`. The location starts after it.
    this.#locate(token, this.skipNextNewLine && token.chars.startsWith('\n') ? 1 : 0);
    super.onWhitespaceCharacter(token);
  }

  override onNullCharacter(token: Token.CharacterToken): void {
    throw new DocumentLimitError(`a NUL character at ${token.location?.startOffset ?? 0}`);
  }

  override onStartTag(token: Token.TagToken): void {
    this.#pass(token);
    super.onStartTag(token);
  }

  override onEndTag(token: Token.TagToken): void {
    this.#pass(token);
    super.onEndTag(token);
  }

  override onComment(token: Token.CommentToken): void {
    this.#pass(token);
    super.onComment(token);
  }

  override onDoctype(token: Token.DoctypeToken): void {
    this.#pass(token);
    super.onDoctype(token);
  }

  #pass(token: { readonly location: Token.Location | null }): void {
    this.#cursor = token.location?.endOffset ?? this.#cursor;
  }

  /** @param droppedUnits length of the newlines at the start of the text that are not part of the node. */
  #locate(token: Token.CharacterToken, droppedUnits: number): void {
    const { location } = token;
    if (location === null || token === this.#located) return;
    this.#located = token;
    const current: HtmlNode | undefined = this.openElements.current;
    const isRaw = holdsRawText(current);
    const end = endOfText(this.#source, this.#cursor, token.chars, isRaw, this.#work);
    if (end < 0) {
      // A CDATA section in foreign content gives its text without the marks around it.
      if (current?.namespace === html.NS.HTML || current === undefined) {
        throw new DocumentLimitError('text that does not follow from its source');
      }
      this.#cursor = location.endOffset;
      location.startOffset = NOWHERE;
      return;
    }
    const start =
      droppedUnits === 0
        ? this.#cursor
        : endOfText(this.#source, this.#cursor, token.chars.slice(0, droppedUnits), isRaw, this.#work);
    location.startOffset = start;
    location.endOffset = end;
    this.#cursor = end;
  }
}

/** Source offset after the text at `from`, or -1 if another text is there. */
function endOfText(source: string, from: number, text: string, isRaw: boolean, work: Work): number {
  work.scan(text.length);
  let at = from;
  let index = 0;
  while (index < text.length) {
    const unit = source.charCodeAt(at);
    if (unit === AMPERSAND && !isRaw) {
      work.spend(REFERENCE_STEPS);
      const reference = htmlReference(source, at, source.length);
      if (reference !== undefined && text.startsWith(reference.text, index)) {
        index += reference.text.length;
        at = reference.end;
        continue;
      }
    }
    if ((unit === CR ? LF : unit) !== text.charCodeAt(index)) return -1;
    at += unit === CR && source.charCodeAt(at + 1) === LF ? 2 : 1;
    index += 1;
  }
  return at;
}
