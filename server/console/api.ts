import type { Api, Problem } from './api.generated.js';
import { API } from './base-path.js';
import { pathPart } from './path-part.js';

type Methods = 'get' | 'post' | 'put' | 'patch' | 'delete';
type PathsWith<Method extends Methods> = {
  [Path in keyof Api]: Api[Path] extends Record<Method, unknown> ? Path : never;
}[keyof Api];
type OperationOf<Path extends keyof Api, Method extends Methods> =
  Api[Path] extends Record<Method, infer Operation extends OperationTypes> ? Operation : never;
interface OperationTypes {
  readonly params: object;
  readonly query: object;
  readonly body: unknown;
  readonly reply: unknown;
}

/** What a call needs: parameters of the path are always required, those of the query never. */
export type CallOptions<Operation extends OperationTypes> = (keyof Operation['params'] extends never
  ? { readonly params?: never }
  : { readonly params: { readonly [Name in keyof Operation['params']]: string | number } }) & {
  readonly query?: {
    readonly [Name in keyof Operation['query']]?: Operation['query'][Name] | string | number | undefined;
  };
  readonly signal?: AbortSignal;
} & (undefined extends Operation['body'] ? { readonly body?: never } : { readonly body: Operation['body'] });

export type Reply<Path extends keyof Api, Method extends Methods> = OperationOf<Path, Method>['reply'];
type Options<Path extends keyof Api, Method extends Methods> = CallOptions<OperationOf<Path, Method>>;
/** Options may be left out where nothing in them is required. */
type OptionsArgument<All> = Record<string, never> extends All ? [options?: All] : [options: All];

/** A request that was not answered as asked. `message` says in one or two sentences what went wrong and what to do. */
export class ApiError extends Error {
  /**
   * The code of the problem (server/http/ERRORS.md); `offline`: no answer came, or only a part of it; `unreadable`: it
   * was not Dogear's.
   */
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status: number) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** Called when an answer says that nobody is signed in any more. */
let onSignedOut: () => void = () => undefined;

export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener;
}

export function get<Path extends PathsWith<'get'>>(
  path: Path,
  ...[options]: OptionsArgument<Options<Path, 'get'>>
) {
  return call<Reply<Path, 'get'>>('GET', path, options);
}

export function post<Path extends PathsWith<'post'>>(
  path: Path,
  ...[options]: OptionsArgument<Options<Path, 'post'>>
) {
  return call<Reply<Path, 'post'>>('POST', path, options);
}

export function put<Path extends PathsWith<'put'>>(
  path: Path,
  ...[options]: OptionsArgument<Options<Path, 'put'>>
) {
  return call<Reply<Path, 'put'>>('PUT', path, options);
}

export function patch<Path extends PathsWith<'patch'>>(
  path: Path,
  ...[options]: OptionsArgument<Options<Path, 'patch'>>
) {
  return call<Reply<Path, 'patch'>>('PATCH', path, options);
}

export function remove<Path extends PathsWith<'delete'>>(
  path: Path,
  ...[options]: OptionsArgument<Options<Path, 'delete'>>
) {
  return call<Reply<Path, 'delete'>>('DELETE', path, options);
}

interface AnyOptions {
  readonly params?: object | undefined;
  readonly query?: object | undefined;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

async function call<Result>(method: string, path: string, options: AnyOptions = {}): Promise<Result> {
  const { params, query, body, signal } = options;
  const changes = method !== 'GET';
  let response: Response;
  let answer: unknown;
  try {
    response = await fetch(`${API}${address(path, params, query)}`, {
      method,
      // The server takes changes from browsers only with this type, which no form of another site can send.
      ...(changes ? { headers: { 'content-type': 'application/json' } } : {}),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
      cache: 'no-store',
      // A change that was asked for is made also when the page is closed.
      keepalive: changes,
    });
    if (response.status !== 204) answer = await response.json().catch(noJson);
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new ApiError('offline', 'Dogear does not answer. It may be restarting, or the network is away.', 0);
  }
  // The server answers as its description says, from which the types are made; tests hold it to that.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  if (response.ok && answer !== NO_JSON) return answer as Result;
  throw failureOf(response.status, answer);
}

const NO_JSON = Symbol('no JSON');

/** A body that ends too early is another error than one that is no JSON: the server was stopped while it answered. */
function noJson(error: unknown): typeof NO_JSON {
  if (error instanceof SyntaxError) return NO_JSON;
  throw error;
}

function failureOf(status: number, answer: unknown): ApiError {
  if (status === 401) onSignedOut();
  if (isProblem(answer)) return new ApiError(answer.code, answer.detail, status);
  return new ApiError(
    'unreadable',
    `Something between this page and Dogear answered with ${String(status)}.`,
    status,
  );
}

function isProblem(answer: unknown): answer is Pick<Problem, 'code' | 'detail'> {
  if (typeof answer !== 'object' || answer === null || !('code' in answer) || !('detail' in answer))
    return false;
  return typeof answer.code === 'string' && typeof answer.detail === 'string';
}

/** `/books/{id}` with its parameters. Fields of the query that are undefined or empty are left out. */
function address(path: string, params: object = {}, query: object = {}): string {
  const values = textsOf(params);
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => pathPart(values.get(name) ?? ''));
  const asked = new URLSearchParams([...textsOf(query)]).toString();
  return asked === '' ? filled : `${filled}?${asked}`;
}

function textsOf(fields: object): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const [name, value] of Object.entries<unknown>({ ...fields })) {
    if (typeof value === 'number' || (typeof value === 'string' && value !== ''))
      texts.set(name, String(value));
  }
  return texts;
}
