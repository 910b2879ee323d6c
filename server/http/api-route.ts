import type { z } from 'zod';
import type { Management } from './management.js';
import { DogearError } from '../domain/dogear-error.js';
import { areSamePermissions, type Permission } from '../domain/permission.js';
import type { Principal } from '../domain/principal.js';
import type { Answer, AnswerHeaders, FileAnswer, StreamAnswer } from './answer.js';
import type { ConsoleAccess } from './console-access.js';
import { type FindPrincipal, principalFinder } from './api-principal.js';
import { parseBody, parseFields, queryFields } from './api-input.js';
import { eventStream, type StreamedState } from './event-stream.js';
import { type ProblemCode, ProblemError } from './problem.js';
import type { HttpRequest } from './request.js';
import type { Method } from './route.js';

/** Who may use a route: anybody, every valid key and session, or those with one of these permissions. */
export type Access = 'anybody' | KeyAccess;
type KeyAccess = 'any key' | readonly Permission[];

/** What the router and the OpenAPI description need to know of a route. */
export interface RouteDescription {
  readonly method: Method;
  /** As OpenAPI writes it: `/libraries/{id}/scans`. */
  readonly path: string;
  readonly operationId: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly access: Access;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly reply: ReplyDescription;
  /** Besides the problems that `problemsOf` (openapi.ts) adds to every route. */
  readonly problems?: readonly ProblemCode[];
}

export type ReplyDescription =
  | {
      readonly kind: 'json';
      readonly status: 200 | 201 | 202;
      readonly schema: z.ZodType;
      readonly says: string;
      readonly location?: true;
    }
  | { readonly kind: 'empty'; readonly says: string }
  | { readonly kind: 'events'; readonly schema: z.ZodType; readonly says: string }
  | {
      readonly kind: 'file';
      readonly contentType: string;
      /** A part of it may be asked for. */
      readonly ranges: boolean;
      /** What it means that there is none. Default: there always is one. */
      readonly none?: string;
      readonly says: string;
    };

export interface ApiRoute extends RouteDescription {
  readonly handle: (
    management: Management,
    request: HttpRequest,
    addressOf: AddressOf,
  ) => Promise<Answer | StreamAnswer | FileAnswer>;
}

/** Adds the base path and the prefix of the API: `/libraries/5` → `/sync/api/v1/libraries/5`. */
export type AddressOf = (path: string) => string;

export interface Input<Params extends z.ZodObject, Query extends z.ZodObject, Body extends z.ZodType> {
  readonly principal: Principal;
  readonly params: z.output<Params>;
  readonly query: z.output<Query>;
  readonly body: z.output<Body>;
  readonly request: HttpRequest;
}

type Described = Omit<RouteDescription, 'params' | 'query' | 'body' | 'reply' | 'access'> & {
  readonly access: KeyAccess;
};

interface Fields<Params extends z.ZodObject, Query extends z.ZodObject, Body extends z.ZodType> {
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
}

export interface Reply<Schema extends z.ZodType> {
  readonly value: z.input<Schema>;
  /** The address of the resource that was created: `/libraries/5`. */
  readonly location?: string;
}

/** A route that answers with JSON. */
export function jsonRoute<
  Schema extends z.ZodType,
  Params extends z.ZodObject,
  Query extends z.ZodObject,
  Body extends z.ZodType = z.ZodUndefined,
>(
  spec: Described &
    Fields<Params, Query, Body> & {
      readonly reply: Extract<ReplyDescription, { readonly kind: 'json' }> & { readonly schema: Schema };
    },
  handle: (management: Management, input: Input<Params, Query, Body>) => Promise<Reply<Schema>>,
): ApiRoute {
  return {
    ...spec,
    handle: async (management, request, addressOf) => {
      const input = await enter(spec, principalFinder(management, request), request);
      const { value, location } = await handle(management, input);
      const headers: AnswerHeaders =
        location === undefined ? NO_STORE : [...NO_STORE, ['location', addressOf(location)]];
      return {
        status: spec.reply.status,
        contentType: 'application/json',
        body: JSON.stringify(value),
        headers,
      };
    },
  };
}

/** A route that answers 204. */
export function emptyRoute<
  Params extends z.ZodObject,
  Query extends z.ZodObject,
  Body extends z.ZodType = z.ZodUndefined,
>(
  spec: Described &
    Fields<Params, Query, Body> & {
      readonly reply: Extract<ReplyDescription, { readonly kind: 'empty' }>;
    },
  /** Returns more headers of the answer, if any. */
  handle: (management: Management, input: Input<Params, Query, Body>) => Promise<AnswerHeaders | void>,
): ApiRoute {
  return {
    ...spec,
    handle: async (management, request) => {
      const input = await enter(spec, principalFinder(management, request), request);
      const headers = (await handle(management, input)) ?? [];
      return { status: 204, contentType: 'application/json', body: '', headers: [...NO_STORE, ...headers] };
    },
  };
}

/** A route of the console that needs no login, such as the one that signs in. */
export function consoleRoute<Schema extends z.ZodType, Body extends z.ZodType = z.ZodUndefined>(
  spec: Omit<RouteDescription, 'params' | 'query' | 'body' | 'reply' | 'access'> & {
    readonly body?: Body;
    readonly reply: Extract<ReplyDescription, { readonly kind: 'json' }> & { readonly schema: Schema };
  },
  handle: (
    management: Management,
    input: {
      readonly request: HttpRequest;
      readonly access: ConsoleAccess;
      readonly body: z.output<Body>;
    },
  ) => Promise<Reply<Schema> & { readonly headers?: AnswerHeaders }>,
): ApiRoute {
  return {
    ...spec,
    access: 'anybody',
    handle: async (management, request) => {
      const { console: access } = management;
      if (access === undefined) throw new ProblemError('not-found', 'The console is switched off.');
      access.requireOwnPage(request);
      parseFields(undefined, queryFields(request.query));
      const body = parseBody(spec.body, request.body);
      const { value, headers = [] } = await handle(management, { request, access, body });
      return {
        status: spec.reply.status,
        contentType: 'application/json',
        body: JSON.stringify(value),
        headers: [...NO_STORE, ...headers],
      };
    },
  };
}

/** A route that answers with server-sent events, until their source or the client ends them. */
export function eventRoute<Schema extends z.ZodType, Params extends z.ZodObject, Query extends z.ZodObject>(
  spec: Described &
    Omit<Fields<Params, Query, z.ZodUndefined>, 'body'> & {
      readonly reply: Extract<ReplyDescription, { readonly kind: 'events' }> & { readonly schema: Schema };
    },
  handle: (
    management: Management,
    input: Input<Params, Query, z.ZodUndefined>,
    signal: AbortSignal,
  ) => AsyncGenerator<StreamedState<z.input<Schema>>>,
): ApiRoute {
  return {
    ...spec,
    handle: async (management, request) => {
      const findPrincipal = principalFinder(management, request);
      const input = await enter<Params, Query, z.ZodUndefined>(spec, findPrincipal, request);
      return eventStream({
        isReconnect: request.header('last-event-id') !== undefined,
        source: (signal) => handle(management, input, signal),
        stopping: management.stopping,
        streams: management.streams,
        shares: management.streamShares,
        userId: input.principal.userId,
        // A stream may last for hours, and its API key or session may end in that time. What it shows depends on the
        // permissions that it began with.
        isStillPermitted: async () => {
          const { permissions } = await findPrincipal();
          return areSamePermissions(permissions, input.principal.permissions);
        },
      });
    },
  };
}

export interface FileInput<Params extends z.ZodObject, Query extends z.ZodObject> extends Input<
  Params,
  Query,
  z.ZodUndefined
> {
  /**
   * Who the request is from now, which may be long after it came.
   *
   * @throws SyncError `unauthorized`, DogearError `forbidden` when that has ended
   */
  readonly findAgain: FindPrincipal;
}

/** A route that answers with bytes: a file, a part of one, or a picture. */
export function fileRoute<Params extends z.ZodObject, Query extends z.ZodObject>(
  spec: Described &
    Omit<Fields<Params, Query, z.ZodUndefined>, 'body'> & {
      readonly reply: Extract<ReplyDescription, { readonly kind: 'file' }>;
    },
  handle: (management: Management, input: FileInput<Params, Query>) => Promise<Answer | FileAnswer>,
): ApiRoute {
  return {
    ...spec,
    handle: async (management, request) => {
      const findPrincipal = principalFinder(management, request);
      const input = await enter<Params, Query, z.ZodUndefined>(spec, findPrincipal, request);
      const findAgain = async () => requirePermission(spec.access, await findPrincipal());
      return handle(management, { ...input, findAgain });
    },
  };
}

const NO_STORE: AnswerHeaders = [['cache-control', 'no-store']];

/** Checks the permission before the input: callers without it learn nothing about their input. */
async function enter<Params extends z.ZodObject, Query extends z.ZodObject, Body extends z.ZodType>(
  spec: Pick<Described, 'access' | 'path'> & Fields<Params, Query, Body>,
  findPrincipal: FindPrincipal,
  request: HttpRequest,
): Promise<Input<Params, Query, Body>> {
  const principal = requirePermission(spec.access, await findPrincipal());
  const names = [...spec.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '');
  const params = names.map((name, index): [string, string] => [name, request.params[index] ?? '']);
  return {
    principal,
    params: parseFields(spec.params, params),
    query: parseFields(spec.query, queryFields(request.query)),
    body: parseBody(spec.body, request.body),
    request,
  };
}

function requirePermission(access: KeyAccess, principal: Principal): Principal {
  if (access === 'any key' || access.some((permission) => principal.permissions.has(permission)))
    return principal;
  throw new DogearError('forbidden', `This needs the permission ${access.join(' or ')}.`);
}
