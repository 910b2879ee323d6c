import { z } from 'zod';
import type { Access, ReplyDescription, RouteDescription } from './api-route.js';
import { answerSchemas, problemSchema, requestSchemas } from './api-schemas.js';
import { SESSION_COOKIE } from './console-access.js';
import { PROBLEM_TYPE, type ProblemCode, PROBLEMS } from './problem.js';

/** Problems that every route may answer with. The lists below it are for routes with parameters, a body and so on. */
const ALWAYS: readonly ProblemCode[] = [
  'unauthorized',
  'throttled',
  'overloaded',
  'unavailable',
  'internal',
  // Every route refuses unknown parameters.
  'parameter-invalid',
  'framing-doubtful',
  'host-unknown',
];
const WITH_PATH: readonly ProblemCode[] = ['path-invalid'];
const WITH_CURSOR: readonly ProblemCode[] = ['cursor-invalid'];
const WITH_BODY: readonly ProblemCode[] = ['body-not-json', 'body-invalid', 'body-too-large'];
/** Of requests with a session that change something, and of those that begin one. */
const OF_PAGES: readonly ProblemCode[] = ['origin-refused', 'content-type-refused'];
const WITH_PERMISSIONS: readonly ProblemCode[] = ['forbidden'];

const TAGS: Readonly<Record<string, string>> = {
  libraries: 'Folders of books',
  scans: 'Bringing the catalogue up to date with the folders',
  books: 'What is in the catalogue',
  devices: 'What readers sync with',
  progress: 'How far they have read',
  'api-keys': 'What programs and readers log in with',
  users: 'Who may do what',
  server: 'What the server offers',
  sessions: 'Browsers that are signed in',
};

/** Codes of all problems that the route may answer with. */
export function problemsOf(route: RouteDescription): readonly ProblemCode[] {
  return [
    ...new Set([
      ...ALWAYS,
      ...(route.params === undefined ? [] : WITH_PATH),
      ...(route.query?.shape['cursor'] === undefined ? [] : WITH_CURSOR),
      ...(route.body === undefined ? [] : WITH_BODY),
      ...(route.method === 'GET' ? [] : OF_PAGES),
      ...(typeof route.access === 'string' ? [] : WITH_PERMISSIONS),
      ...(route.problems ?? []),
    ]),
  ];
}

/**
 * The OpenAPI 3.1 description of the API, made from the schemas that the routes validate with.
 *
 * @param serverUrl prefix of every path, with the base path of a reverse proxy
 */
export function openApi(
  routes: readonly RouteDescription[],
  { serverUrl, version }: { readonly serverUrl: string; readonly version: string },
): Readonly<Record<string, unknown>> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Dogear management API',
      version,
      description:
        'Libraries, scans, books, devices, progress, API keys and users of a Dogear server. Times are RFC 3339 in ' +
        'UTC. Problems are RFC 9457 problem details with a code of a closed list.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: serverUrl }],
    security: [{ apiKey: [] }, { session: [] }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      securitySchemes: {
        apiKey: {
          type: 'http',
          scheme: 'bearer',
          description: 'An API key: 24 lowercase letters and digits',
        },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: SESSION_COOKIE,
          description:
            'A session of a browser. The name of the cookie ends with the port, as in dogear_session_8364, if the address ' +
            'has one. Over HTTPS the name of the cookie has the prefix __Host- or, with a base path, ' +
            '__Secure-. Requests that change something need the Origin of the server and "Content-Type: application/json".',
        },
      },
      schemas: {
        ...schemasOf(requestSchemas, 'input'),
        ...schemasOf(answerSchemas, 'output'),
      },
    },
  };
}

function operationOf(route: RouteDescription): Readonly<Record<string, unknown>> {
  return {
    operationId: route.operationId,
    tags: [route.tag],
    summary: route.summary,
    ...(route.access === 'anybody' ? { security: [] } : {}),
    description: [route.description, needs(route.access)].filter((part) => part !== undefined).join(' '),
    parameters: [...parametersOf(route.params, 'path'), ...parametersOf(route.query, 'query')],
    ...(route.body === undefined
      ? {}
      : {
          requestBody: {
            required: !route.body.safeParse({}).success,
            content: { 'application/json': { schema: schemaOf(route.body, requestSchemas, 'input') } },
          },
        }),
    responses: { ...replyOf(route.reply), ...problemReplies(problemsOf(route)) },
  };
}

function needs(access: Access): string {
  if (access === 'anybody') return 'Needs no login.';
  if (access === 'any key') return 'Any valid API key or session will do.';
  return `Needs the permission ${access.join(' or ')}.`;
}

function parametersOf(fields: z.ZodObject | undefined, place: 'path' | 'query'): readonly object[] {
  if (fields === undefined) return [];
  return Object.entries(fields.shape).map(([name, field]) => {
    const { description, integerUpTo, ...ofText } = jsonSchema(z.object({ field }), name);
    // The schema parses text, because an address is text. Clients see an integer.
    const schema = integerUpTo === undefined ? ofText : { type: 'integer', minimum: 1, maximum: integerUpTo };
    return {
      name,
      in: place,
      required: place === 'path',
      ...(description === undefined ? {} : { description }),
      schema,
    };
  });
}

/** The JSON schema of one parameter. */
function jsonSchema(
  wrapped: z.ZodObject,
  name: string,
): { readonly description?: string; readonly integerUpTo?: unknown } & Record<string, unknown> {
  const schema = z.toJSONSchema(wrapped, { io: 'input' }).properties?.['field'];
  if (typeof schema !== 'object') throw new Error(`the parameter ${name} has no schema`);
  return schema;
}

function replyOf(reply: ReplyDescription): Readonly<Record<string, object>> {
  switch (reply.kind) {
    case 'json':
      return {
        [String(reply.status)]: {
          description: reply.says,
          ...(reply.location === true
            ? {
                headers: {
                  Location: {
                    required: true,
                    description: 'Its address',
                    schema: { type: 'string', format: 'uri-reference' },
                  },
                },
              }
            : {}),
          content: { 'application/json': { schema: schemaOf(reply.schema, answerSchemas, 'output') } },
        },
      };
    case 'empty':
      return { '204': { description: reply.says } };
    case 'events':
      return {
        '200': {
          description: `${reply.says}. The data of each event is JSON of the schema of x-event-data.`,
          content: {
            'text/event-stream': {
              schema: { type: 'string' },
              'x-event-data': schemaOf(reply.schema, answerSchemas, 'output'),
            },
          },
        },
        '204': { description: 'The stream has ended, and the client has seen it before' },
      };
    case 'file': {
      const content = { [reply.contentType]: { schema: { type: 'string', format: 'binary' } } };
      return {
        '200': { description: reply.says, content },
        ...(reply.ranges ? { '206': { description: 'The part that Range asks for', content } } : {}),
        ...(reply.none === undefined ? {} : { '204': { description: reply.none } }),
        '304': { description: 'The client has it as it is (If-None-Match)' },
      };
    }
    default:
      return reply satisfies never;
  }
}

function problemReplies(codes: readonly ProblemCode[]): Readonly<Record<string, object>> {
  const statuses = [...new Set(codes.map((code) => PROBLEMS[code].status))];
  return Object.fromEntries(
    statuses.map((status) => [
      String(status),
      {
        description: codes
          .filter((code) => PROBLEMS[code].status === status)
          .map((code) => `${code}: ${PROBLEMS[code].title}`)
          .join('. '),
        content: { [PROBLEM_TYPE]: { schema: schemaOf(problemSchema, answerSchemas, 'output') } },
      },
    ]),
  );
}

/** A reference if the schema has a name, otherwise the schema itself. */
function schemaOf(
  schema: z.ZodType,
  names: typeof answerSchemas,
  io: 'input' | 'output',
): Readonly<Record<string, unknown>> {
  const name = names.get(schema)?.id;
  if (name !== undefined) return { $ref: referenceTo(name) };
  const { $schema: _dialect, ...inline } = z.toJSONSchema(schema, { io });
  return inline;
}

function schemasOf(names: typeof answerSchemas, io: 'input' | 'output'): Readonly<Record<string, object>> {
  const { schemas } = z.toJSONSchema(names, { io, uri: referenceTo });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, { $schema: _dialect, $id: _id, ...schema }]) => [name, schema]),
  );
}

function referenceTo(name: string): string {
  return `#/components/schemas/${name}`;
}
