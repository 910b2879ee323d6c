import type { z } from 'zod';
import { type FieldMistake, ProblemError } from './problem.js';

/** Bounds the answer to a body with thousands of mistakes. */
const LISTED_MISTAKES = 20;
/** Bounds the names of unknown fields that an answer repeats. */
const NAME_CHARACTERS = 100;

/**
 * Parses the parameters of the path or the query. Each of them may be given once.
 *
 * @throws ProblemError `parameter-invalid`
 */
export function parseFields<Schema extends z.ZodObject>(
  schema: Schema | undefined,
  fields: readonly (readonly [name: string, value: string])[],
): z.output<Schema>;
export function parseFields(
  schema: z.ZodObject | undefined,
  fields: readonly (readonly [name: string, value: string])[],
): unknown {
  const known = new Set(Object.keys(schema?.shape ?? {}));
  const values = new Map<string, string>();
  for (const [name, value] of fields) {
    if (!known.has(name)) throw wrongParameter(name, 'is unknown here');
    if (values.has(name)) throw wrongParameter(name, 'may be given once');
    values.set(name, value);
  }
  if (schema === undefined) return {};
  const parsed = schema.safeParse(Object.fromEntries(values));
  if (parsed.success) return parsed.data;
  const mistakes = parsed.error.issues.slice(0, LISTED_MISTAKES).map((issue) => ({
    parameter: cut(issue.path.map(String).join('.')),
    detail: issue.message,
  }));
  throw new ProblemError('parameter-invalid', sentence(mistakes), mistakes);
}

/** @throws ProblemError `parameter-invalid` for escapes that are not UTF-8 */
export function queryFields(query: string): readonly (readonly [string, string])[] {
  const fields = [...new URLSearchParams(query)];
  // URLSearchParams puts U+FFFD in place of bytes that are not UTF-8.
  const broken = fields.find(([name, value]) => name.includes('\uFFFD') || value.includes('\uFFFD'));
  if (broken !== undefined) throw wrongParameter(broken[0], 'is not valid text');
  return fields;
}

/**
 * Parses a JSON body. An empty body counts as an object without fields.
 *
 * @throws ProblemError `body-not-json`, `body-invalid`
 */
export function parseBody<Schema extends z.ZodType>(
  schema: Schema | undefined,
  body: string,
): z.output<Schema>;
export function parseBody(schema: z.ZodType | undefined, body: string): unknown {
  if (schema === undefined) return undefined;
  const parsed = schema.safeParse(body === '' ? {} : parseJson(body));
  if (parsed.success) return parsed.data;
  const mistakes = parsed.error.issues.flatMap(mistakesOfIssue).slice(0, LISTED_MISTAKES);
  throw new ProblemError('body-invalid', sentence(mistakes), mistakes);
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new ProblemError('body-not-json', 'The body has to be JSON.');
  }
}

/** Zod reports all unknown fields of an object as one issue; each of them gets a pointer of its own. */
function mistakesOfIssue(issue: z.core.$ZodIssue): readonly FieldMistake[] {
  if (issue.code !== 'unrecognized_keys') {
    return [{ pointer: pointerOf(issue.path), detail: issue.message }];
  }
  return issue.keys
    .slice(0, LISTED_MISTAKES)
    .map((key) => ({ pointer: pointerOf([...issue.path, key]), detail: 'This field is unknown here.' }));
}

/** A JSON pointer (RFC 6901) as a URI fragment, which is the form in RFC 9457: `#/permissions/0`. */
function pointerOf(path: readonly PropertyKey[]): string {
  return `#${path.map((key) => `/${escapePointer(cut(String(key)))}`).join('')}`;
}

function escapePointer(key: string): string {
  const escaped = key
    .replaceAll('~', '~0')
    .replaceAll('/', '~1')
    .replaceAll(/\p{Surrogate}/gu, '\uFFFD');
  return encodeURIComponent(escaped);
}

function wrongParameter(name: string, detail: string): ProblemError {
  const parameter = cut(name);
  return new ProblemError('parameter-invalid', `The parameter ${parameter} ${detail}.`, [
    { parameter, detail },
  ]);
}

function sentence(mistakes: readonly FieldMistake[]): string {
  const [first] = mistakes;
  if (first === undefined) return 'The request is not valid.';
  return `${'pointer' in first ? first.pointer : first.parameter}: ${first.detail}`;
}

function cut(name: string): string {
  return name.length > NAME_CHARACTERS ? `${name.slice(0, NAME_CHARACTERS)}…` : name;
}
