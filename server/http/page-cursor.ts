import type { z } from 'zod';
import type { Page, PageRequest } from '../domain/page.js';
import { decodeCursor, encodeCursor } from './cursor.js';

/**
 * What the parameters of a list ask for.
 *
 * @throws ProblemError `cursor-invalid`
 */
export function pageRequest<Schema extends z.ZodType>(
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
  schema: Schema,
): PageRequest<z.output<Schema>> {
  return { after: cursor === undefined ? undefined : decodeCursor(cursor, schema), limit };
}

/** @param toJson makes JSON of the cursor that the schema of the same list reads back */
export function nextCursor<Cursor>(
  { next }: Page<unknown, Cursor>,
  toJson: (cursor: Cursor) => unknown = (cursor) => cursor,
): string | null {
  return next === undefined ? null : encodeCursor(toJson(next));
}
