import { z } from 'zod';
import { type Document, DOCUMENT_BYTES, parseDocument } from '../../../domain/document.js';

/** A document in an address or a cursor. */
export const documentText = z
  .string()
  .transform((value, context): Document => {
    const document = parseDocument(value);
    if (document !== undefined) return document;
    context.addIssue(`has to be text of 1 to ${String(DOCUMENT_BYTES)} bytes`);
    return z.NEVER;
  })
  .describe('what readers sync, percent-encoded: mostly a partial or filename MD5');
