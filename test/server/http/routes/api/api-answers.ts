import { z } from 'zod';
import { openApi } from '../../../../../server/http/openapi.js';
import { API_ROUTES } from '../../../../../server/http/routes/api-routes.js';

/** The description of the API, parsed from its JSON as a client would do it. */
export const description = jsonCopy(openApi(API_ROUTES, { serverUrl: '/api/v1', version: '0' })) as OpenApi;

export interface OpenApi {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

export interface Operation {
  readonly operationId: string;
  readonly description: string;
  readonly parameters: readonly {
    readonly name: string;
    readonly in: 'path' | 'query';
    readonly required: boolean;
    readonly schema: object;
  }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: object }>> };
  readonly responses: Readonly<
    Record<
      string,
      {
        readonly description: string;
        readonly content?: Readonly<
          Record<string, { readonly schema: object; readonly 'x-event-data'?: object }>
        >;
        readonly headers?: Readonly<Record<string, unknown>>;
      }
    >
  >;
}

export interface SeenAnswer {
  readonly method: string;
  /** Below /api/v1, with its query. */
  readonly path: string;
  readonly status: number;
  readonly contentType: string | undefined;
  readonly text: string;
}

/** Operations that have succeeded in a test of this file. */
export const succeeded = new Set<string>();

/**
 * How the answer differs from the description. `undefined` if it does not differ, and for an address that the
 * description does not have.
 */
export function answerProblem(answer: SeenAnswer): string | undefined {
  const operation = operationOf(answer.method, answer.path);
  if (operation === undefined) return undefined;
  const shown = `${answer.method} ${answer.path} → ${String(answer.status)} ${answer.text.slice(0, 500)}`;
  const response = operation.responses[String(answer.status)];
  if (response === undefined) return `${shown}: the description has no such status`;
  if (answer.status < 300) succeeded.add(operation.operationId);
  if (response.content === undefined) {
    return answer.text === '' ? undefined : `${shown}: there should be no body`;
  }
  // A file, of whatever type.
  if (response.content['*/*'] !== undefined || response.content['image/*'] !== undefined) return undefined;
  const content = response.content[answer.contentType ?? ''];
  if (content === undefined) return `${shown}: the description has no type ${String(answer.contentType)}`;
  if (answer.contentType === 'text/event-stream') return undefined;
  return valueProblem(content.schema, JSON.parse(answer.text), shown);
}

export function valueProblem(schema: object, value: unknown, shown: string): string | undefined {
  const parsed = checkerOf(schema).safeParse(value);
  if (!parsed.success) return `${shown}: ${parsed.error.message}`;
  // The schema of problems has all codes, but the operation may use only those that it lists.
  return undefined;
}

export function operationOf(method: string, path: string): Operation | undefined {
  const parts = path.split('?')[0]?.split('/') ?? [];
  for (const [template, operations] of Object.entries(description.paths)) {
    const names = template.split('/');
    const matches =
      names.length === parts.length &&
      names.every((name, index) => name.startsWith('{') || name === parts[index]);
    const operation = operations[method.toLowerCase()];
    if (matches && operation !== undefined) return operation;
  }
  return undefined;
}

const checkers = new Map<object, z.ZodType>();

function checkerOf(schema: object): z.ZodType {
  let checker = checkers.get(schema);
  if (checker === undefined) {
    const whole = { ...schema, $defs: description.components.schemas };
    const text = JSON.stringify(whole).replaceAll('#/components/schemas/', '#/$defs/');
    checker = z.fromJSONSchema(JSON.parse(text) as Parameters<typeof z.fromJSONSchema>[0]);
    checkers.set(schema, checker);
  }
  return checker;
}

function jsonCopy(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
