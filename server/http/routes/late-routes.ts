import { problemOfFailure } from '../problem-of-failure.js';
import type { LateRouteGroup } from '../route.js';
import type { ApiOptions } from './api-routes.js';

/**
 * The management API and the catalogue (OPDS). Both describe what they take and send with Zod; without it and their own
 * code, a server that answers readers alone takes 6 MB less.
 */
export function lateGroups(options: ApiOptions): readonly LateRouteGroup[] {
  const fail: LateRouteGroup['fail'] = (failure) => problemOfFailure(failure, options);
  return [
    {
      prefix: '/api/v1',
      fail,
      load: async () => {
        await loadZod();
        return (await import('./api-routes.js')).apiGroup(options);
      },
    },
    {
      prefix: '/opds',
      fail,
      load: async () => {
        await loadZod();
        return (await import('./opds/opds-routes.js')).opdsGroup(options);
      },
    },
  ];
}

/** Before the routes, and alone: modules that are imported together run without a pause, and pushes wait meanwhile. */
async function loadZod(): Promise<void> {
  await import('zod');
}
