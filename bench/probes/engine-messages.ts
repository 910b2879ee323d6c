import { z } from 'zod';

/** The only argument of the engine probe, as JSON. */
export const engineProbeOptions = z.object({
  /** Absolute path of a checkout's `dist/engine/index.js`. */
  engineModule: z.string(),
  /** Absolute. */
  library: z.string(),
  /** False: nothing is walked at the start, so `hash` and `hash-fresh` have no files. Default: true. */
  walksAhead: z.boolean().optional(),
  /** Only the first files, in byte order of their paths. */
  maxFiles: z.int().optional(),
  /** Absent: the engine chooses. */
  jobs: z.int().optional(),
  md5: z.enum(['auto', 'wasm-simd', 'node-crypto']).optional(),
  /** An engine without this option reads with system calls. */
  reads: z.enum(['auto', 'io-uring', 'system-calls']).optional(),
});
export type EngineProbeOptions = z.infer<typeof engineProbeOptions>;

/**
 * `hash`: hashes the files that the probe found at its start, on an engine that it keeps. `hash-fresh`: the same on a
 * new engine, whose start of threads is measured too. `walk`, `walk-and-hash`: from the folder, on a new engine.
 */
export const engineTask = z.enum(['hash', 'hash-fresh', 'walk', 'walk-and-hash']);
export type EngineTask = z.infer<typeof engineTask>;

const tunerPoint = z.object({ atMs: z.number(), jobs: z.number(), filesPerSecond: z.number() });

export const engineAnswer = z.object({
  files: z.int(),
  failed: z.int(),
  seconds: z.number(),
  /** MD5 of all digests in byte order of the paths; empty after a walk alone. */
  digest: z.string(),
  md5KernelName: z.string(),
  readsName: z.string(),
  jobs: z.number(),
  tunerCurve: z.array(tunerPoint),
  maxRssBytes: z.number(),
});
export type EngineAnswer = z.infer<typeof engineAnswer>;

/** The only argument of engine-once, as JSON. */
export const engineOnceOptions = engineProbeOptions
  .pick({ engineModule: true, library: true, jobs: true })
  .extend({ task: z.enum(['walk', 'walk-and-hash']) });
export type EngineOnceOptions = z.infer<typeof engineOnceOptions>;
