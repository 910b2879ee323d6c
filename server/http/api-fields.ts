import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import { type Document, DOCUMENT_BYTES, parseDocument } from '../domain/document.js';
import { apiKeyId, bookId, libraryId, scanId, sessionId, userId } from '../domain/ids.js';
import { PERMISSIONS } from '../domain/permission.js';
import { CURSOR_CHARACTERS } from './cursor.js';

/** Schemas that several routes share: ids, times, pages, paths. */

/** At most 15 digits, all of which a double holds exactly. openapi.ts describes a parameter with `integerUpTo` as an integer. */
const idText = z
  .string()
  .regex(/^[1-9]\d{0,14}$/, 'has to be an id: a whole number')
  .meta({ integerUpTo: 999_999_999_999_999 });

export const libraryIdText = idText.transform((text) => libraryId(Number(text)));
export const bookIdText = idText.transform((text) => bookId(Number(text)));
export const scanIdText = idText.transform((text) => scanId(Number(text)));
export const userIdText = idText.transform((text) => userId(Number(text)));
export const sessionIdText = idText.transform((text) => sessionId(Number(text)));
export const apiKeyIdText = idText.transform((text) => apiKeyId(Number(text)));

/** An id in a body or a cursor. */
const idNumber = z.int().min(1).max(Number.MAX_SAFE_INTEGER);
export const libraryIdNumber = idNumber.transform((value) => libraryId(value));
export const bookIdNumber = idNumber.transform((value) => bookId(value));
export const scanIdNumber = idNumber.transform((value) => scanId(value));
export const userIdNumber = idNumber.transform((value) => userId(value));
export const sessionIdNumber = idNumber.transform((value) => sessionId(value));
export const apiKeyIdNumber = idNumber.transform((value) => apiKeyId(value));

/** An id in an answer. */
export const id = z.int().min(1);

/** Bytes that identify something, in an address: base64url. */
export const opaqueBytes = z
  .string()
  .regex(/^[A-Za-z0-9_-]{2,400}$/, 'has to be the id that the list gave')
  .transform((text) => Buffer.from(text, 'base64url'));

/** The same bytes in an answer. */
export const opaqueId = z.string().describe('opaque; used in addresses unchanged');

/** Text that people write. A lone surrogate is refused: UTF-8 cannot hold it, so it would come back as U+FFFD. */
export const text = (maximum: number) =>
  z
    .string()
    .max(maximum)
    .refine((value) => !/\p{Surrogate}/u.test(value), 'is not valid text');

export const permission = z.enum(PERMISSIONS);
export const permissions = z.array(permission).max(PERMISSIONS.length);

/** RFC 3339, in UTC. */
export const time = z.iso.datetime();

export const digest = z
  .string()
  .regex(/^[0-9a-f]{32}$/)
  .describe('32 lowercase hex digits');

/** Bounds a page to one statement and to an answer of a few hundred kilobytes. */
const PAGE_LIMIT = 200;
const PAGE_DEFAULT = 50;

/** A number of a query, from 1 to `most`. */
export function countText(most: number) {
  const says = `has to be a whole number from 1 to ${String(most)}`;
  return z
    .string()
    .regex(/^[1-9]\d{0,8}$/, says)
    .meta({ integerUpTo: most })
    .transform(Number)
    .refine((count) => count <= most, says);
}

export const pageQuery = {
  limit: countText(PAGE_LIMIT)
    .default(PAGE_DEFAULT)
    .describe(`how many at most, 1 to ${String(PAGE_LIMIT)}; ${String(PAGE_DEFAULT)} without it`),
  cursor: z
    .string()
    .min(1)
    .max(CURSOR_CHARACTERS)
    .optional()
    .describe('next_cursor of the page before; none for the first page'),
};

export const userQuery = userIdText
  .optional()
  .describe('the user; by default the caller. Others need user:manage');

/** First and last time that RFC 3339 can write. */
const LAST_MS = Date.parse('9999-12-31T23:59:59Z');
const FIRST_MS = Date.parse('0001-01-01T00:00:00Z');

export function timeOfMs(ms: number): string;
export function timeOfMs(ms: number | undefined): string | null;
export function timeOfMs(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}

export function timeOfSeconds(seconds: number): string;
export function timeOfSeconds(seconds: number | undefined): string | null;
export function timeOfSeconds(seconds: number | undefined): string | null {
  return seconds === undefined ? null : timeOfMs(seconds * 1000);
}

/** `null` for a time that RFC 3339 cannot write; file systems can hold such times. */
export function timeOfNs(ns: bigint): string | null {
  const ms = Number(ns / 1_000_000n);
  return ms >= FIRST_MS && ms <= LAST_MS ? timeOfMs(ms) : null;
}

/** A path in an answer. Paths are bytes, and need not be UTF-8. */
export const pathSchema = z.strictObject({
  text: z.string().describe('for people: bytes that are not UTF-8 are U+FFFD'),
  base64: z.string().nullable().describe('the bytes, where the text does not hold all of them'),
});

export function pathJson(path: Buffer): z.input<typeof pathSchema> {
  return { text: path.toString('utf8'), base64: isUtf8(path) ? null : path.toString('base64') };
}

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

/** A document as a part of a path. */
export const documentPart = z
  .string()
  .transform((part) => part.replace(/^~(?=~*\.\.?$)/, ''))
  .pipe(documentText)
  .describe(
    'what readers sync, percent-encoded: mostly a partial or filename MD5. One that is nothing but dots, one or two, ' +
      'behind any number of tildes is written with one more tilde: clients take . and .. for folders',
  );
