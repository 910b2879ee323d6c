import { SaxesParser } from 'saxes';
import { isKnownEntityName } from '../source/character-references.js';
import { Work } from '../work.js';
import { DocumentLimitError, MAX_DEPTH } from '../source/source-tree-builder.js';
import { endOfDoctype } from './xml-parser.js';

/**
 * The document types with which browsers decode HTML's named references in XML: XHTML 1.0 and 1.1, XHTML Basic, the
 * profiles with MathML and SVG, and XHTML Mobile. `<!DOCTYPE html>` is not among them.
 */
const DOCTYPE_WITH_ENTITIES =
  /<!DOCTYPE\s[^>[]*?PUBLIC\s+["']-\/\/(?:W3C\/\/DTD (?:XHTML|MathML) |WAPFORUM\/\/DTD XHTML Mobile )/;
/** The document type comes before the first element, within these characters. */
const PREAMBLE_LENGTH = 4096;
/** saxes collects a document type character by character. */
const MAX_DOCTYPE_LENGTH = 65_536;
const NAMED_REFERENCE = /&([A-Za-z][A-Za-z0-9]{0,31});/g;
/** saxes goes on after an error. In pieces, at most one piece is parsed in vain. */
const PIECE_LENGTH = 65_536;
/** saxes goes from character to character. */
const PASSES = 16;

/**
 * True if a browser's XML parser accepts the document. Web readers use the HTML parser for the others. A namespace
 * prefix without a declaration (`epub:`) is an error in browsers. A document that uses entities of its own counts
 * as malformed.
 *
 * @throws DocumentLimitError for a document type of more than 65,536 characters.
 */
export function isWellFormed(source: string, work = new Work()): boolean {
  const doctype = source.indexOf('<!DOCTYPE');
  if (doctype >= 0 && endOfDoctype(source, doctype + 2) - doctype > MAX_DOCTYPE_LENGTH) {
    throw new DocumentLimitError('a document type of this length');
  }
  const result = { isValid: true };
  const fail = (): void => {
    result.isValid = false;
  };
  // Without saxes's own check of namespaces, which searches all open elements at each tag.
  const parser = new SaxesParser({ xmlns: false, position: false });
  const prefixes = new PrefixScopes();
  parser.on('error', fail);
  parser.on('opentag', ({ name, attributes }) => {
    const names = Object.keys(attributes);
    work.spend(1 + names.length);
    if (!prefixes.open(name, names)) fail();
  });
  parser.on('closetag', () => prefixes.close());
  if (DOCTYPE_WITH_ENTITIES.test(source.slice(0, PREAMBLE_LENGTH))) {
    for (const [, name] of source.matchAll(NAMED_REFERENCE)) {
      // Only the name must be known; its text does not matter here.
      if (name !== undefined && isKnownEntityName(name)) parser.ENTITIES[name] ??= ' ';
    }
  }
  for (let at = 0; at < source.length && result.isValid; at += PIECE_LENGTH) {
    work.scan(PIECE_LENGTH * PASSES);
    parser.write(source.slice(at, at + PIECE_LENGTH));
  }
  if (result.isValid) parser.close();
  return result.isValid;
}

/** The namespace prefixes that are declared at a place of the document. */
class PrefixScopes {
  readonly #declared = new Map<string, number>([['xml', 1]]);
  readonly #scopes: string[][] = [];

  /** False if the element uses a prefix without a declaration, or is nested too deeply. */
  open(name: string, attributeNames: readonly string[]): boolean {
    const declarations = attributeNames.filter((attribute) => attribute.startsWith('xmlns:'));
    for (const declaration of declarations) this.#count(declaration.slice(6), 1);
    this.#scopes.push(declarations);
    if (this.#scopes.length > MAX_DEPTH || !this.#isDeclared(name)) return false;
    return attributeNames.every((attribute) => attribute.startsWith('xmlns:') || this.#isDeclared(attribute));
  }

  close(): void {
    for (const declaration of this.#scopes.pop() ?? []) this.#count(declaration.slice(6), -1);
  }

  #isDeclared(name: string): boolean {
    const colon = name.indexOf(':');
    return colon < 0 || (this.#declared.get(name.slice(0, colon)) ?? 0) > 0;
  }

  #count(prefix: string, change: number): void {
    this.#declared.set(prefix, (this.#declared.get(prefix) ?? 0) + change);
  }
}
