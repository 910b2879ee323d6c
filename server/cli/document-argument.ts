import { InvalidArgumentError } from 'commander';
import { type Document, parseDocument } from '../domain/document.js';

/** @throws InvalidArgumentError for a text that is no document */
export function documentArgument(text: string): Document {
  const document = parseDocument(text);
  if (document === undefined) throw new InvalidArgumentError('A document has 1 to 255 bytes of text.');
  return document;
}
