import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { SUITES } from '../arguments.js';
import type { Fact } from '../suite.js';

const fact: z.ZodType<Fact> = z.lazy(() =>
  z.union([z.string(), z.number(), z.boolean(), z.array(fact), z.record(z.string(), fact)]),
);
const facts = z.record(z.string(), fact);
const samples = z.array(z.number()).readonly();

/** record.json: everything that a run found. The history plots and bench:compare read it. */
export const runRecord = z.object({
  format: z.literal(1),
  startedAt: z.iso.datetime(),
  seconds: z.number(),
  command: z.string(),
  isQuick: z.boolean(),
  suites: z.array(z.enum(SUITES)).readonly(),
  revision: z.object({ commit: z.string(), isDirty: z.boolean() }),
  machine: facts,
  software: z.record(z.string(), z.string()),
  targets: z.array(
    z.object({
      id: z.string(),
      title: z.string(),
      comparison: z.enum(['at least', 'below']),
      goal: z.number(),
      unit: z.string(),
      state: z.enum(['passed', 'failed', 'not measured']),
      measured: z.number().optional(),
      samples,
    }),
  ),
  ratios: z.array(z.object({ suite: z.enum(SUITES), name: z.string(), samples })),
  series: z.array(
    z.object({
      suite: z.enum(SUITES),
      name: z.string(),
      unit: z.string(),
      samples,
      at: z.object({ axis: z.string(), value: z.number() }).optional(),
    }),
  ),
  facts,
  /** Each begins with its suite and a colon in records of runs that could be continued. */
  notes: z.array(z.string()),
  /** Pictures beside the plots. */
  pictures: z.array(z.object({ suite: z.enum(SUITES), file: z.string(), title: z.string() })).optional(),
});
export type RunRecord = z.infer<typeof runRecord>;

export const RECORD_FILE = 'record.json';

/** @returns `undefined` where the folder has no record. @throws Error when it has one in another format */
export function readRecord(folder: string): RunRecord | undefined {
  const file = join(folder, RECORD_FILE);
  return existsSync(file) ? runRecord.parse(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
}

/** The records in a folder of runs, oldest first. Files in another format are left out. */
export function readRecords(runsFolder: string): readonly RunRecord[] {
  if (!existsSync(runsFolder)) return [];
  const records = readdirSync(runsFolder)
    .map((name) => join(runsFolder, name, RECORD_FILE))
    .filter((file) => existsSync(file))
    .flatMap((file) => {
      const parsed = runRecord.safeParse(JSON.parse(readFileSync(file, 'utf8')));
      return parsed.success ? [parsed.data] : [];
    });
  return records.toSorted((left, right) => left.startedAt.localeCompare(right.startedAt));
}
