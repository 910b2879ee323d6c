import { z } from 'zod';

export const LOAD_MODES = ['push', 'pull'] as const;
/** `read`: pushes of readers who turn one page after the other, in a few books each. */
export const ALL_LOAD_MODES = [...LOAD_MODES, 'read'] as const;
export type LoadMode = (typeof ALL_LOAD_MODES)[number];

/** Result of a load generator, or of the plain loop against the database. */
export const loadResult = z.object({
  requests: z.int(),
  seconds: z.number(),
  /** Answers other than success, and broken connections. */
  failed: z.int(),
  percentiles: z.array(z.object({ percentile: z.number(), ms: z.number() })),
});
export type LoadResult = z.infer<typeof loadResult>;

export const PERCENTILES = [50, 75, 90, 95, 99, 99.9] as const;

export function percentileMs(result: LoadResult, percentile: (typeof PERCENTILES)[number]): number {
  const found = result.percentiles.find((entry) => entry.percentile === percentile);
  if (found === undefined) throw new Error(`no percentile ${percentile} was measured`);
  return found.ms;
}
