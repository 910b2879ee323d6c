import type { Failure, LateRouteGroup, Route, RouteGroup } from './route.js';

export interface CompiledRoute extends Route {
  readonly group: RouteGroup;
  /** Method and pattern, for logs and metrics: `PUT /koreader/:api_key/syncs/progress`. */
  readonly label: string;
}

export type RouteMatch =
  | {
      readonly route: CompiledRoute;
      readonly params: readonly string[];
      readonly group?: never;
      readonly failure?: never;
      readonly loading?: never;
    }
  | {
      readonly route?: never;
      readonly params?: never;
      readonly group: FailingGroup;
      readonly failure: Failure;
      readonly loading?: never;
    }
  | {
      readonly route?: never;
      readonly params?: never;
      readonly group: FailingGroup;
      readonly failure?: never;
      /** The routes below the group's prefix are on their way. Afterwards the path is to be matched again. */
      readonly loading: Promise<void>;
    };

type FailingGroup = Pick<RouteGroup, 'prefix' | 'fail'>;

interface Node {
  readonly parts: Map<string, Node>;
  readonly byMethod: Map<string, CompiledRoute>;
  readonly restByMethod: Map<string, CompiledRoute>;
  param: Node | undefined;
  group: FailingGroup | undefined;
  /** Present until the routes here and below are loaded. All calls return the same promise. */
  load: (() => Promise<void>) | undefined;
}

/**
 * Finds the route of a request in a tree of path parts, without backtracking: a literal part is preferred to `:name`,
 * and after it only routes below the literal can match.
 *
 * Double slashes, and a slash at the end, are ignored: people type the address of the server on an e-reader, some of
 * them with a slash at its end. The part that `*name` matches keeps its slashes.
 */
export class Router {
  readonly #basePath: string;
  readonly #root = node();
  readonly #fallback: RouteGroup;
  readonly #onLoaded: ((group: RouteGroup) => void) | undefined;

  /**
   * @param basePath prefix of every path, which a reverse proxy passes on: `''` or `/sync`
   * @param groups one of them must have the prefix `''`
   * @param late their prefixes must not be those of `groups`, or below them
   * @param onLoaded called for each of `late`, once its routes are there
   */
  constructor(
    basePath: string,
    groups: readonly RouteGroup[],
    late: readonly LateRouteGroup[] = [],
    onLoaded?: (group: RouteGroup) => void,
  ) {
    const fallback = groups.find((group) => group.prefix === '');
    if (fallback === undefined) throw new Error('no group of routes has an empty prefix');
    this.#fallback = fallback;
    this.#basePath = basePath;
    this.#onLoaded = onLoaded;
    for (const group of groups) this.#add(group);
    for (const group of late) this.#addLate(group);
  }

  /** @param method upper case */
  match(method: string, path: string): RouteMatch {
    const base = this.#basePath;
    if (!path.startsWith(base) || (base !== '' && path.length > base.length && path[base.length] !== '/')) {
      return { group: this.#fallback, failure: { kind: 'not-found' } };
    }
    const wanted = method === 'HEAD' ? 'GET' : method;
    let at = this.#root;
    let group: FailingGroup = this.#fallback;
    const raw: string[] = [];
    for (let start = base.length + 1; start <= path.length;) {
      if (at.restByMethod.size > 0 && !(start === path.length && at.byMethod.has(wanted))) {
        raw.push(path.slice(start));
        return found(at.restByMethod, wanted, raw, group);
      }
      const slash = path.indexOf('/', start);
      const end = slash === -1 ? path.length : slash;
      if (end > start) {
        const part = path.slice(start, end);
        const next = at.parts.get(part) ?? at.param;
        if (next === undefined) return { group, failure: { kind: 'not-found' } };
        if (next === at.param) raw.push(part);
        at = next;
        group = at.group ?? group;
        if (at.load !== undefined) return { group, loading: at.load() };
      }
      start = end + 1;
    }
    return found(at.byMethod, wanted, raw, group);
  }

  #add(group: RouteGroup): void {
    this.#descend(group.prefix).group = group;
    for (const route of group.routes) {
      const rest = /^(.*)\/\*\w+$/.exec(route.pattern)?.[1];
      const at = this.#descend(`${group.prefix}${rest ?? route.pattern}`);
      const byMethod = rest === undefined ? at.byMethod : at.restByMethod;
      const label = `${route.method} ${group.prefix}${route.pattern}`;
      if (byMethod.has(route.method)) throw new Error(`there are two routes ${label}`);
      byMethod.set(route.method, { ...route, group, label });
    }
  }

  #addLate(late: LateRouteGroup): void {
    const at = this.#descend(late.prefix);
    at.group = late;
    const load = async (): Promise<void> => {
      const group = await late.load();
      this.#add(group);
      at.load = undefined;
      this.#onLoaded?.(group);
    };
    let loading: Promise<void> | undefined;
    at.load = () => {
      loading ??= load();
      // Some requests are refused without waiting for it.
      loading.catch(() => undefined);
      return loading;
    };
  }

  #descend(pattern: string): Node {
    let at = this.#root;
    for (const part of pattern.split('/').filter((name) => name !== '')) {
      if (part.startsWith(':')) {
        at.param ??= node();
        at = at.param;
      } else {
        const next = at.parts.get(part) ?? node();
        at.parts.set(part, next);
        at = next;
      }
    }
    return at;
  }
}

function found(
  byMethod: ReadonlyMap<string, CompiledRoute>,
  method: string,
  raw: readonly string[],
  group: FailingGroup,
): RouteMatch {
  const route = byMethod.get(method);
  if (route === undefined) {
    if (byMethod.size === 0) return { group, failure: { kind: 'not-found' } };
    return { group, failure: { kind: 'method-not-allowed', allowed: [...byMethod.keys()] } };
  }
  const params: string[] = [];
  for (const part of raw) {
    const decoded = decodePathPart(part);
    if (decoded === undefined) return { group: route.group, failure: { kind: 'bad-path' } };
    params.push(decoded);
  }
  return { route, params };
}

/**
 * Decodes one part of a path: `%` and two hex digits are a byte, `+` is a plus, and the bytes must be UTF-8.
 *
 * @returns `undefined` for a broken escape and for bytes that are not UTF-8. A guess could name another document than
 *   the one that was pushed.
 */
function decodePathPart(part: string): string | undefined {
  // uWebSockets.js puts U+FFFD in place of raw bytes that are not UTF-8.
  if (part.includes('\uFFFD')) return undefined;
  if (!part.includes('%')) return part;
  try {
    return decodeURIComponent(part);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

function node(): Node {
  return {
    parts: new Map(),
    byMethod: new Map(),
    restByMethod: new Map(),
    param: undefined,
    group: undefined,
    load: undefined,
  };
}
