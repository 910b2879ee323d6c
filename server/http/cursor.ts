import { z } from 'zod';
import { ProblemError } from './problem.js';

/** A cursor is text that only the server understands: JSON in base64url, read back as strictly as any other input. */
export function encodeCursor(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** The longest that is made is a path of 1,024 bytes, twice in base64. */
export const CURSOR_CHARACTERS = 2048;

/** @throws ProblemError `cursor-invalid` */
export function decodeCursor<Schema extends z.ZodType>(text: string, schema: Schema): z.output<Schema> {
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
