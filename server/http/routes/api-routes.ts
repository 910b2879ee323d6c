import type { Management } from '../management.js';
import { type AddressOf, type ApiRoute } from '../api-route.js';
import { type Answer, encodedAnswer, jsonAnswer } from '../answer.js';
import { openApi } from '../openapi.js';
import { problemOfFailure, type ProblemOptions } from '../problem-of-failure.js';
import type { Route, RouteGroup } from '../route.js';
import { apiKeyRoutes } from './api/api-key-routes.js';
import { bookRoutes } from './api/book-routes.js';
import { bookFileRoutes } from './api/book-file-routes.js';
import { linkRoutes } from './api/link-routes.js';
import { changeRoutes } from './api/change-routes.js';
import { deviceRoutes } from './api/device-routes.js';
import { folderRoutes } from './api/folder-routes.js';
import { libraryRoutes } from './api/library-routes.js';
import { webPositionRoutes } from './api/web-position-routes.js';
import { overviewRoutes } from './api/overview-routes.js';
import { progressRoutes } from './api/progress-routes.js';
import { readingRoutes } from './api/reading-routes.js';
import { scanRoutes } from './api/scan-routes.js';
import { serverRoutes } from './api/server-routes.js';
import { sessionRoutes } from './api/session-routes.js';
import { unmatchedRoutes } from './api/unmatched-routes.js';
import { userRoutes } from './api/user-routes.js';

const ROUTES: readonly ApiRoute[] = [
  ...libraryRoutes,
  ...folderRoutes,
  ...scanRoutes,
  ...bookRoutes,
  ...bookFileRoutes,
  ...deviceRoutes,
  ...progressRoutes,
  ...webPositionRoutes,
  ...unmatchedRoutes,
  ...linkRoutes,
  ...readingRoutes,
  ...apiKeyRoutes,
  ...userRoutes,
  ...serverRoutes,
  ...overviewRoutes,
  ...changeRoutes,
];

/** Every route of the management API, except that of its description. Without the console there are no sessions. */
export const API_ROUTES: readonly ApiRoute[] = [...ROUTES, ...sessionRoutes];

const PREFIX = '/api/v1';

export interface ApiOptions extends ProblemOptions {
  readonly management: Management;
}

/** The routes of the management API, and its description at `/openapi.json`. */
export function apiGroup(options: ApiOptions): RouteGroup {
  const { management } = options;
  const { basePath, version } = management.facts;
  const addressOf: AddressOf = (path) => `${basePath}${PREFIX}${path}`;
  const served = management.console === undefined ? ROUTES : API_ROUTES;
  // Made once: anybody may ask for these 300 kB, as often as they like.
  let description: Answer | undefined;
  const describe = (): Answer =>
    (description ??= encodedAnswer(jsonAnswer(200, openApi(served, { serverUrl: addressOf(''), version }))));
  return {
    prefix: PREFIX,
    routes: [
      // Needs no API key: it holds no secret, and client generators send none.
      { method: 'GET', pattern: '/openapi.json', handle: describe },
      ...served.map((route) => routeOf(route, management, addressOf)),
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
