import type { Answer, FileAnswer, StreamAnswer } from './answer.js';
import type { HttpRequest, ReadHeader } from './request.js';

export type Method = 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';

export interface Route {
  /** A GET route answers HEAD as well. */
  readonly method: Method;
  /**
   * Relative to the group's prefix: `/libraries/:id/scans`. `:name` matches one part of the path. `*name` at the end
   * matches the rest of the path, slashes included, and may be empty.
   */
  readonly pattern: string;
  readonly readsBody?: boolean;
  /** The headers that `handle` reads; by default all of READ_HEADERS. Each is looked up for every request of the route. */
  readonly headers?: readonly ReadHeader[];
  /** Whatever it throws is passed to the group's `fail`. */
  readonly handle: (
    request: HttpRequest,
  ) => Answer | StreamAnswer | FileAnswer | Promise<Answer | StreamAnswer | FileAnswer>;
}

/** Why a request is not answered by its route's handler. */
export type Failure =
  | { readonly kind: 'not-found' }
  | { readonly kind: 'method-not-allowed'; readonly allowed: readonly string[] }
  /** A part of the path has a broken escape, or bytes that are not UTF-8. */
  | { readonly kind: 'bad-path' }
  | { readonly kind: 'body-too-large'; readonly limitBytes: number }
  /** Where the body ends is not certain: request-framing.ts. */
  | { readonly kind: 'framing-doubtful' }
  /** The handler threw this. */
  | { readonly kind: 'thrown'; readonly error: unknown };

/** Routes with a common prefix and a common form of error answers. */
export interface RouteGroup {
  /** `''` or `/koreader`. A path without a route gets the error answer of the longest prefix that it begins with. */
  readonly prefix: string;
  readonly routes: readonly Route[];
  readonly fail: (failure: Failure, request: HttpRequest) => Answer;
}

/** Routes that are loaded when the first request for a path below their prefix comes. */
export interface LateRouteGroup extends Pick<RouteGroup, 'prefix' | 'fail'> {
  /**
   * Called once. The group that it returns has this prefix. After a failure every request gets that error, until the process
   * ends: Node.js does not read a file again that it could not read as a module.
   */
  readonly load: () => Promise<RouteGroup>;
}
