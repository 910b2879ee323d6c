import type { Logger } from 'pino';
import type { HttpRequest } from './request.js';
import type { RouteGroup } from './route.js';
import { CLIENT_GONE, NO_ROUTE } from './uws.js';

/** Longer paths are cut, so that clients cannot fill the disk with them. */
const LOGGED_CHARACTERS = 300;
/** Limit above `debug`: while a database is away, thousands of requests a second would log the same line. */
const LINES_PER_SECOND = 50;

/**
 * Logs a line for each answer: successes at `debug`, mistakes of the client at `info`, failures of the server at
 * `warn`. Bodies, headers, queries and API keys are never logged.
 */
export class AccessLog {
  readonly #log: Pick<Logger, 'isLevelEnabled' | 'debug' | 'info' | 'warn'>;
  readonly #words: PathWords;
  #second = 0;
  #lines = 0;
  #left = 0;

  constructor(log: Pick<Logger, 'isLevelEnabled' | 'debug' | 'info' | 'warn'>, words: PathWords) {
    this.#log = log;
    this.#words = words;
  }

  /** For `onAnswer` of the server. */
  write(request: HttpRequest, route: string, status: number, durationMs: number): void {
    const level = levelOf(status);
    if (!this.#log.isLevelEnabled(level)) return;
    if (level !== 'debug' && !this.#takeLine()) return;
    this.#log[level](
      {
        method: request.method,
        path: maskPath(request.path, route, this.#words),
        route,
        status,
        durationMs: Math.round(durationMs * 1000) / 1000,
        client: request.clientAddress,
        ...(this.#left === 0 ? {} : { linesLeftOut: this.#left }),
      },
      'request',
    );
    this.#left = 0;
  }

  #takeLine(): boolean {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#lines = 0;
    }
    if (this.#lines >= LINES_PER_SECOND) {
      this.#left++;
      return false;
    }
    this.#lines++;
    return true;
  }
}

function levelOf(status: number): 'debug' | 'info' | 'warn' {
  if (status < 400 || status === CLIENT_GONE) return 'debug';
  return status < 500 ? 'info' : 'warn';
}

/** The parameter of routes that is an API key. */
const KEY_PARAMETER = ':api_key';
/** The parameter of the route of the console's pages. */
const ANY_REST = '*path';
const MASK = '***';

/**
 * The path without API keys. Which part of it is the key says the route, because a mistyped key does not look like one. A path
 * without a route may hold a key anywhere: people type the address on a reader. Of such a path only words of routes are shown.
 */
export function maskPath(path: string, route: string, { basePath, words }: PathWords): string {
  const parts = path.slice(0, LOGGED_CHARACTERS).split('/');
  // So may the rest of a path that a route takes as it is.
  if (route === NO_ROUTE || partsOf(route).some((part) => part === ANY_REST))
    return parts.map((part) => (words.has(part) ? part : MASK)).join('/');
  const keyAt = partsOf(route).indexOf(KEY_PARAMETER);
  if (keyAt === -1) return parts.join('/');
  // The router ignores empty parts.
  let left = partsOf(basePath).length + keyAt;
  return parts.map((part) => (part !== '' && left-- === 0 ? MASK : part)).join('/');
}

type PathsOfGroup = Pick<RouteGroup, 'prefix'> & { readonly routes: readonly { readonly pattern: string }[] };

/** What of a path is no secret: the fixed parts of all paths, and the empty part. */
export class PathWords {
  /** Prefix of every path: `''` or `/sync`. */
  readonly basePath: string;
  readonly words = new Set(['']);

  constructor(basePath: string, groups: readonly PathsOfGroup[]) {
    this.basePath = basePath;
    for (const part of partsOf(basePath)) this.words.add(part);
    for (const group of groups) this.add(group);
  }

  add({ prefix, routes }: PathsOfGroup): void {
    for (const pattern of ['', ...routes.map((route) => route.pattern)]) {
      for (const part of partsOf(`${prefix}${pattern}`)) if (!/^[:*]/.test(part)) this.words.add(part);
    }
  }
}

/** Of a path, or of the label of a route, whose part before the first slash is the method. */
function partsOf(pathOrLabel: string): readonly string[] {
  return pathOrLabel
    .split('/')
    .slice(1)
    .filter((part) => part !== '');
}
