import type { SyncError } from '../domain/sync-error.js';
import type { LateRouteGroup, RouteGroup } from './route.js';

/** Why no request can be answered at the moment; `undefined` when they can. */
export type Gate = () => SyncError | undefined;

/** The same routes, which answer nothing but the gate's error while there is one. */
export function gated(group: RouteGroup, gate: Gate): RouteGroup {
  return {
    ...group,
    routes: group.routes.map((route) => ({
      ...route,
      handle: (request) => {
        const refusal = gate();
        if (refusal !== undefined) throw refusal;
        return route.handle(request);
      },
    })),
  };
}

/** {@link gated}, once the routes are loaded. */
export function gatedLate(group: LateRouteGroup, gate: Gate): LateRouteGroup {
  return { ...group, load: async () => gated(await group.load(), gate) };
}
