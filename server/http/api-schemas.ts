import { z } from 'zod';
import { PROBLEMS } from './problem.js';
import type { ProblemCode } from './problem.js';

/** Schemas with a name in the OpenAPI description: of request bodies and of answers. */
export const requestSchemas = z.registry<{ readonly id: string }>();
export const answerSchemas = z.registry<{ readonly id: string }>();

/** Gives the schema of a request body a name. */
export function requestSchema<Schema extends z.ZodType>(id: string, schema: Schema): Schema {
  requestSchemas.add(schema, { id });
  return schema;
}

/** Gives the schema of an answer a name. */
export function answerSchema<Schema extends z.ZodType>(id: string, schema: Schema): Schema {
  answerSchemas.add(schema, { id });
  return schema;
}

export const nextCursorSchema = z
  .string()
  .nullable()
  .describe('goes into cursor for the following page; null: this was the last one');

/** The schema of a page of items, with a name. */
export function pageSchema<Item extends z.ZodType>(id: string, item: Item) {
  return answerSchema(
    id,
    z.strictObject({
      items: z.array(item),
      next_cursor: nextCursorSchema,
    }),
  );
}

const codes = Object.keys(PROBLEMS).filter((code): code is ProblemCode => Object.hasOwn(PROBLEMS, code));

export const problemSchema = answerSchema(
  'Problem',
  z.strictObject({
    type: z.string().describe('the code as a URI'),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('what happened this time, for people'),
    code: z.enum(codes).describe('what happened, for programs; ERRORS.md lists them'),
    failure: z
      .string()
      .optional()
      .describe('with hash-failed, book-unreadable and position-untranslatable: the code of what went wrong'),
    errors: z
      .array(
        z.union([
          z.strictObject({
            pointer: z.string().describe('JSON pointer to the field of the body, as a URI fragment'),
            detail: z.string(),
          }),
          z.strictObject({
            parameter: z.string().describe('name of the parameter of the address'),
            detail: z.string(),
          }),
        ]),
      )
      .optional(),
  }),
);
