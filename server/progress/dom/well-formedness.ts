import { SaxesParser } from 'saxes';
import { isKnownEntityName } from '../source/character-references.js';
import { MAX_DEPTH } from '../source/source-tree-builder.js';

/**
 * Document types with which browsers know HTML's named references in XML: XHTML 1.0 and 1.1, XHTML Basic, the
 * profiles with MathML and SVG, and XHTML Mobile. `<!DOCTYPE html>` is not among them.
 */
const DOCTYPE_WITH_ENTITIES =
  /<!DOCTYPE\s[^>[]*?PUBLIC\s+["']-\/\/(?:W3C\/\/DTD (?:XHTML|MathML) |WAPFORUM\/\/DTD XHTML Mobile )/;
/** The document type stands before the first element; nobody writes a longer preamble. */
const PREAMBLE_LENGTH = 4096;
/** `<!ENTITY name "text">` of the document's own, whose text must be that of HTML's name. */
const NAMED_REFERENCE = /&([A-Za-z][A-Za-z0-9]{0,31});/g;

/**
 * True if a browser's XML parser accepts the document; where it does not, readers fall back to the HTML parser.
 * Namespaces are checked too (an undeclared `epub:` is an error in browsers). A document that declares entities of
 * its own counts as not well-formed unless it does not use them.
 */
export function isWellFormed(source: string): boolean {
  const result = { isValid: true };
  let depth = 0;
  const parser = new SaxesParser({ xmlns: true, position: false });
  parser.on('error', () => {
    result.isValid = false;
  });
  parser.on('opentagstart', () => {
    depth += 1;
    // The parser looks prefixes up along the open elements; a deeper document is refused elsewhere anyway.
    if (depth > MAX_DEPTH) result.isValid = false;
  });
  parser.on('closetag', () => {
    depth -= 1;
  });
  if (DOCTYPE_WITH_ENTITIES.test(source.slice(0, PREAMBLE_LENGTH))) {
    for (const [, name] of source.matchAll(NAMED_REFERENCE)) {
      if (name !== undefined && !(name in parser.ENTITIES) && isKnownEntityName(name)) {
        // The text itself does not matter here, only that the name is known.
        parser.ENTITIES[name] = ' ';
      }
    }
  }
  for (let at = 0; at < source.length && result.isValid; at += PIECE_LENGTH) {
    parser.write(source.slice(at, at + PIECE_LENGTH));
  }
  if (result.isValid) parser.close();
  return result.isValid;
}

/** The parser goes on after an error: in pieces, a malformed document costs no more than a piece too much. */
const PIECE_LENGTH = 65_536;
