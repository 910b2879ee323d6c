import { digestOfDocument, type Document, parseDocument } from '../domain/document.js';

/**
 * What a reader says a document is, beside its own name for it. Proposed for koreader-sync-server (its issue 52): a device
 * whose file was compressed or renamed still knows other digests of the book. Nobody checks a claim, so it counts for
 * the user alone who makes it.
 *
 * - `content`: the partial MD5
 * - `structure`: the MD5 over the identifier and the references of the spine of an EPUB (positions/epub/metadata.ts)
 * - `filename`: the MD5 of the file name
 */
export interface Claim {
  readonly type: ClaimType;
  /** 32 hexadecimal digits. */
  readonly value: Document;
}

/** From the surest to the least sure. */
export const CLAIM_TYPES = ['content', 'structure', 'filename'] as const;
export type ClaimType = (typeof CLAIM_TYPES)[number];

/** As proposed. Each may cost a look-up. */
const MOST_CLAIMS = 8;

/** Reads the `identifiers` of a push: a list of `{type, value}`. What is malformed, or too much, is left out. */
export function parseClaims(value: unknown): readonly Claim[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, MOST_CLAIMS).flatMap((each: unknown) => {
    if (typeof each !== 'object' || each === null || !('type' in each) || !('value' in each)) return [];
    return claimOf(each.type, each.value);
  });
}

/** Reads the `ids` of a pull: `content:…,structure:…`. What is malformed, or too much, is left out. */
export function parseClaimList(query: string): readonly Claim[] {
  const text = new URLSearchParams(query).get('ids');
  if (text === null) return [];
  return text
    .split(',', MOST_CLAIMS)
    .flatMap((each) => claimOf(each.slice(0, each.indexOf(':')), each.slice(each.indexOf(':') + 1)));
}

function claimOf(type: unknown, value: unknown): readonly Claim[] {
  const known = CLAIM_TYPES.find((each) => each === type);
  const document = typeof value === 'string' ? parseDocument(value.toLowerCase()) : undefined;
  if (known === undefined || document === undefined || digestOfDocument(document) === undefined) return [];
  return [{ type: known, value: document }];
}
