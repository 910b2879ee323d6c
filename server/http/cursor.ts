import { z } from 'zod';
import type { Page, PageRequest } from '../domain/page.js';
import { ProblemError } from './problem.js';

/** The longest cursor holds a path of 1,024 bytes, which is encoded in base64 twice. */
export const CURSOR_CHARACTERS = 2048;

/**
 * A cursor is JSON in base64url, opaque to clients. It comes back from them, so it is checked like any other input.
 *
 * @throws ProblemError `cursor-invalid`
 */
function decodeCursor<Schema extends z.ZodType>(text: string, schema: Schema): z.output<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    value = undefined;
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ProblemError(
    'cursor-invalid',
    'Take next_cursor of the page before, or none for the first page.',
    [{ parameter: 'cursor', detail: 'not a cursor of this list' }],
  );
}

/** Bytes within a cursor. */
export const cursorBytes = z
  .string()
  .regex(/^[A-Za-z0-9_-]*$/)
  .transform((text) => Buffer.from(text, 'base64url'));

/**
 * The page that the query parameters of a list ask for.
 *
 * @throws ProblemError `cursor-invalid`
 */
export function pageRequest<Schema extends z.ZodType>(
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
  schema: Schema,
): PageRequest<z.output<Schema>> {
  return { after: cursor === undefined ? undefined : decodeCursor(cursor, schema), limit };
}

/**
 * `next_cursor` of an answer; `null` after the last page.
 *
 * @param toJson makes a JSON value that the schema of the same list parses
 */
export function nextCursor<Cursor>(
  { next }: Page<unknown, Cursor>,
  toJson: (cursor: Cursor) => unknown = (cursor) => cursor,
): string | null {
  return next === undefined ? null : Buffer.from(JSON.stringify(toJson(next))).toString('base64url');
}
