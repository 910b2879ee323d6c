import { SaxesParser } from 'saxes';
import { isKnownEntityName } from '../source/character-references.js';
import { DocumentLimitError, MAX_DEPTH } from '../source/source-tree-builder.js';
import { endOfDoctype } from './xml-parser.js';

/**
 * Document types with which browsers know HTML's named references in XML: XHTML 1.0 and 1.1, XHTML Basic, the
 * profiles with MathML and SVG, and XHTML Mobile. `<!DOCTYPE html>` is not among them.
 */
const DOCTYPE_WITH_ENTITIES =
  /<!DOCTYPE\s[^>[]*?PUBLIC\s+["']-\/\/(?:W3C\/\/DTD (?:XHTML|MathML) |WAPFORUM\/\/DTD XHTML Mobile )/;
/** The document type stands before the first element; nobody writes a longer preamble. */
const PREAMBLE_LENGTH = 4096;
/** The parser collects a document type, character by character. */
const MAX_DOCTYPE_LENGTH = 65_536;
const NAMED_REFERENCE = /&([A-Za-z][A-Za-z0-9]{0,31});/g;
/** The parser goes on after an error: in pieces, a malformed document costs no more than a piece too much. */
const PIECE_LENGTH = 65_536;

/**
 * True if a browser's XML parser accepts the document; where it does not, readers fall back to the HTML parser. An
 * undeclared namespace prefix (`epub:`) is an error in browsers. A document with entities of its own is taken for
 * malformed if it uses them.
 *
 * @throws DocumentLimitError for an absurd document type.
 */
export function isWellFormed(source: string): boolean {
  const doctype = source.indexOf('<!DOCTYPE');
  if (doctype >= 0 && endOfDoctype(source, doctype + 2) - doctype > MAX_DOCTYPE_LENGTH) {
    throw new DocumentLimitError('a document type of this length');
  }
  const result = { isValid: true };
  const fail = (): void => {
    result.isValid = false;
  };
  // Its own check of namespaces searches all open elements at each tag.
  const parser = new SaxesParser({ xmlns: false, position: false });
  const prefixes = new PrefixScopes();
  parser.on('error', fail);
  parser.on('opentag', ({ name, attributes }) => {
    if (!prefixes.open(name, Object.keys(attributes))) fail();
  });
  parser.on('closetag', () => prefixes.close());
  if (DOCTYPE_WITH_ENTITIES.test(source.slice(0, PREAMBLE_LENGTH))) {
    for (const [, name] of source.matchAll(NAMED_REFERENCE)) {
      // The text itself does not matter here, only that the name is known.
      if (name !== undefined && isKnownEntityName(name)) parser.ENTITIES[name] ??= ' ';
    }
  }
  for (let at = 0; at < source.length && result.isValid; at += PIECE_LENGTH) {
    parser.write(source.slice(at, at + PIECE_LENGTH));
  }
  if (result.isValid) parser.close();
  return result.isValid;
}

/** The namespace prefixes that are declared at a place of the document. */
class PrefixScopes {
  readonly #declared = new Map<string, number>([['xml', 1]]);
  readonly #scopes: string[][] = [];

  /** False if the element uses a prefix that nobody declared, or is nested too deeply. */
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
