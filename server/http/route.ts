import type { Answer, StreamAnswer } from './answer.js';
import type { HttpRequest, ReadHeader } from './request.js';

export type Method = 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';

export interface Route {
  /** A GET route answers HEAD as well. */
  readonly method: Method;
  /**
   * Below the group's prefix: `/libraries/:id/scans`. `:name` is one part of the path, `*name` at the end is all the
   * rest of it, slashes included, and may be empty.
   */
  readonly pattern: string;
  readonly readsBody?: boolean;
  /** The headers that `handle` reads; without it, any. Each costs every request a look-up, read or not. */
  readonly headers?: readonly ReadHeader[];
  /** What it throws goes to the group's `fail`. */
  readonly handle: (request: HttpRequest) => Answer | StreamAnswer | Promise<Answer | StreamAnswer>;
}

/** Why a request is not answered by its route's handler. */
export type Failure =
  | { readonly kind: 'not-found' }
  | { readonly kind: 'method-not-allowed'; readonly allowed: readonly string[] }
  /** An escape in the path that means nothing. */
  | { readonly kind: 'bad-path' }
  | { readonly kind: 'body-too-large'; readonly limitBytes: number }
  /** The handler threw this. */
  | { readonly kind: 'thrown'; readonly error: unknown };

/** Routes below one prefix, with one way to tell what went wrong. */
export interface RouteGroup {
  /** `''` or `/koreader`; the longest one that a path begins with speaks for paths that no route has. */
  readonly prefix: string;
  readonly routes: readonly Route[];
  readonly fail: (failure: Failure, request: HttpRequest) => Answer;
}
