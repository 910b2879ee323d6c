import { z } from 'zod';

/** A JSON schema, as far as zod writes it and OpenAPI embeds it. */
const jsonSchema = z.looseObject({
  $ref: z.string().optional(),
  const: z.unknown().optional(),
  enum: z.array(z.unknown()).optional(),
  anyOf: z.array(z.unknown()).optional(),
  oneOf: z.array(z.unknown()).optional(),
  allOf: z.array(z.unknown()).optional(),
  type: z.union([z.string(), z.array(z.string())]).optional(),
  items: z.unknown().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  additionalProperties: z.unknown().optional(),
});
const content = z.record(
  z.string(),
  z.looseObject({ schema: z.unknown(), 'x-event-data': z.unknown().optional() }),
);
const operation = z.looseObject({
  parameters: z.array(
    z.looseObject({ name: z.string(), in: z.string(), required: z.boolean(), schema: z.unknown() }),
  ),
  requestBody: z.looseObject({ required: z.boolean(), content }).optional(),
  responses: z.record(z.string(), z.looseObject({ content: content.optional() })),
});
const description = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.looseObject({ schemas: z.record(z.string(), z.unknown()) }),
});

type Operation = z.output<typeof operation>;

/**
 * TypeScript types of the API for the console: an interface a named schema, and `Api`, which holds for each path and
 * method the types of its parameters, its body and its answer. Not done with openapi-typescript, which does not run
 * with TypeScript 7.
 *
 * @param described as openApi() (openapi.ts) returns it
 */
export function apiTypes(described: unknown): string {
  const { paths, components } = description.parse(described);
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) => `export type ${name} = ${typeOf(schema)};`,
  );
  const routes = Object.entries(paths).flatMap(([path, methods]) => [
    `  '${path}': {`,
    ...Object.entries(methods).map(([method, one]) => `    ${method}: ${operationType(one)};`),
    '  };',
  ]);
  return [...schemas, '', 'export interface Api {', ...routes, '}', ''].join('\n');
}

function operationType({ parameters, requestBody, responses }: Operation): string {
  const body = requestBody?.content['application/json']?.schema;
  return `{ params: ${parametersType(parameters, 'path')}; query: ${parametersType(parameters, 'query')}; body: ${
    body === undefined ? 'undefined' : typeOf(body)
  }; reply: ${replyType(responses)} }`;
}

function parametersType(parameters: Operation['parameters'], place: string): string {
  const fields = parameters.filter((parameter) => parameter.in === place);
  // An address is text, whatever its schema says: numbers are written into it.
  return object(fields.map(({ name, required, schema }) => [name, typeOf(schema), required]));
}

function replyType(responses: Operation['responses']): string {
  const [, answer] = Object.entries(responses).find(([status]) => /^20[0-2]$/.test(status)) ?? [];
  const events = answer?.content?.['text/event-stream']?.['x-event-data'];
  const json = answer?.content?.['application/json']?.schema;
  const schema = events ?? json;
  return schema === undefined ? 'undefined' : typeOf(schema);
}

function typeOf(value: unknown): string {
  const schema = jsonSchema.parse(value);
  if (schema.$ref !== undefined) return schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1);
  if ('const' in schema) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return union(schema.enum.map((one) => JSON.stringify(one)));
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives !== undefined) return union(alternatives.map(typeOf));
  if (schema.allOf !== undefined) return schema.allOf.map(typeOf).join(' & ');
  if (Array.isArray(schema.type)) return union(schema.type.map((type) => typeOf({ ...schema, type })));
  switch (schema.type) {
    case 'string':
    case 'boolean':
    case 'null':
      return schema.type;
    case 'integer':
    case 'number':
      return 'number';
    case 'array':
      return `readonly (${typeOf(schema.items ?? {})})[]`;
    case 'object':
      return objectType(schema);
    case undefined:
    default:
      return 'unknown';
  }
}

function objectType({
  properties,
  required = [],
  additionalProperties,
}: z.output<typeof jsonSchema>): string {
  if (properties === undefined) {
    const others = typeof additionalProperties === 'object' ? typeOf(additionalProperties) : 'unknown';
    return `{ readonly [name: string]: ${others} }`;
  }
  return object(
    Object.entries(properties).map(([name, schema]) => [name, typeOf(schema), required.includes(name)]),
  );
}

function object(fields: readonly (readonly [name: string, type: string, required: boolean])[]): string {
  const parts = fields.map(
    ([name, type, required]) =>
      `readonly ${/^\w+$/.test(name) ? name : JSON.stringify(name)}${required ? '' : '?'}: ${type}${
        required ? '' : ' | undefined'
      }`,
  );
  return `{ ${parts.join('; ')} }`;
}

function union(types: readonly string[]): string {
  return [...new Set(types)].join(' | ');
}
