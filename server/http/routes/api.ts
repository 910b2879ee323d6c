import type { Management } from '../management.js';
import { type AddressOf, type ApiRoute } from '../api-route.js';
import { jsonAnswer } from '../answer.js';
import { openApi } from '../openapi.js';
import { problemOfFailure, type ProblemOptions } from '../problem-of-failure.js';
import type { Route, RouteGroup } from '../route.js';
import { apiKeyRoutes } from './api/api-key-routes.js';
import { bookRoutes } from './api/book-routes.js';
import { deviceRoutes } from './api/device-routes.js';
import { libraryRoutes } from './api/library-routes.js';
import { placeRoutes } from './api/web-position-routes.js';
import { progressRoutes } from './api/progress-routes.js';
import { scanRoutes } from './api/scan-routes.js';
import { userRoutes } from './api/user-routes.js';

/** Every route of the management API but the description of it. */
export const API_ROUTES: readonly ApiRoute[] = [
  ...libraryRoutes,
  ...scanRoutes,
  ...bookRoutes,
  ...deviceRoutes,
  ...progressRoutes,
  ...placeRoutes,
  ...apiKeyRoutes,
  ...userRoutes,
];

const PREFIX = '/api/v1';

export interface ApiOptions extends ProblemOptions {
  readonly management: Management;
  /** What a reverse proxy puts before every path: `''` or `/sync`. Goes into addresses that are given out. */
  readonly basePath: string;
  /** Of the program; goes into the description. */
  readonly version: string;
}

/** The management API, for the router of the server. */
export function apiGroup(options: ApiOptions): RouteGroup {
  const { management, basePath, version } = options;
  const addressOf: AddressOf = (path) => `${basePath}${PREFIX}${path}`;
  const description = jsonAnswer(200, openApi(API_ROUTES, { serverUrl: addressOf(''), version }));
  return {
    prefix: PREFIX,
    routes: [
      // Nothing secret is in it, and tools that make clients of it send no key.
      { method: 'GET', pattern: '/openapi.json', handle: () => description },
      ...API_ROUTES.map((route) => routeOf(route, management, addressOf)),
    ],
    fail: (failure) => problemOfFailure(failure, options),
  };
}

function routeOf(route: ApiRoute, management: Management, addressOf: AddressOf): Route {
  return {
    method: route.method,
    pattern: route.path.replaceAll(/\{(\w+)\}/g, ':$1'),
    readsBody: route.body !== undefined,
    handle: (request) => route.handle(management, request, addressOf),
  };
}
