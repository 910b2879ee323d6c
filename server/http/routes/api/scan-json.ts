import { z } from 'zod';
import type { ScanDetails } from '../../../scan/get-scan.js';
import type { FailurePage, ScanWithFailures } from '../../../scan/list-failures.js';
import { id, pathJson, pathSchema, time, timeOfMs } from '../../api-fields.js';
import { answerSchema, nextCursorSchema } from '../../api-schemas.js';

const count = z.int().min(0);

const scan = {
  id,
  library_id: id,
  state: z
    .enum(['running', 'completed', 'failed', 'cancelled', 'interrupted'])
    .describe('interrupted: its process ended early; the next scan continues from there'),
  regen_hashes: z.boolean().describe('whether every book is hashed again'),
  part: z
    .strictObject({ index: z.int().min(1), count: z.int().min(2) })
    .nullable()
    .describe('the part of the library that is scanned; null: the whole library'),
  touched: count
    .nullable()
    .describe('how many files and folders alone are looked at, because they were touched; null: all of them'),
  started_at: time,
  finished_at: time.nullable(),
  elapsed_ms: count,
  files_per_second: z.number().min(0).describe('files found since the scan began'),
  expected_files: count
    .nullable()
    .describe('what the last complete scan found; null when unknown, or when another process runs the scan'),
  counts: z.strictObject({
    found: count.describe('book files seen so far, failures included'),
    added: count,
    changed: count,
    moved: count,
    returned: count.describe('were missing and are back, unchanged'),
    unchanged: count,
    missing: count,
    failed: count.describe('could not be read'),
    hashed: count.describe('read and hashed by this scan'),
    rechecked: count.describe(
      'of these, files of the same size and time whose inode or time of last change differed',
    ),
    skipped: count.describe('folders that were left out'),
    skippable: count.describe('files that a library with skip_system would leave out'),
  }),
  error: z.string().nullable().describe('why it failed'),
};
export const scanSchema = answerSchema('Scan', z.strictObject(scan));

const reason = z
  .string()
  .describe('unreadable, vanished, not-regular, link-loop, path-too-long, io-error, changed-while-read …');
export const scanWithFailuresSchema = answerSchema(
  'ScanWithFailures',
  z.strictObject({
    ...scan,
    failures: z
      .array(z.strictObject({ reason, count: z.int().min(1) }))
      .describe(
        'files and folders that could not be read, the most frequent reason first; kept some seconds later',
      ),
  }),
);
export const failurePageSchema = answerSchema(
  'ScanFailurePage',
  z.strictObject({
    items: z.array(
      z.strictObject({
        path: pathSchema.describe('of the file or folder, relative to the root of the library'),
        reason,
        says: z.string().describe('the reason, for people'),
      }),
    ),
    next_cursor: nextCursorSchema,
    failures_total: count,
    failures_kept: count.describe('how many of them are listed: the first hundred of each reason'),
  }),
);

export function scanWithFailuresJson({
  scan: shown,
  failures,
}: ScanWithFailures): z.input<typeof scanWithFailuresSchema> {
  return {
    ...scanJson(shown),
    failures: failures.map((failed) => ({ reason: failed.reason, count: failed.failures })),
  };
}

export function failureJson({
  path,
  code,
  message,
}: FailurePage['items'][number]): z.input<typeof failurePageSchema>['items'][number] {
  return { path: pathJson(path), reason: code, says: message };
}

export function scanJson({
  record,
  state,
  counts,
  elapsedMs,
  expectedFiles,
  filesPerSecond,
}: ScanDetails): z.input<typeof scanSchema> {
  const { shard } = record;
  return {
    id: record.id,
    library_id: record.libraryId,
    state,
    regen_hashes: record.regenSinceMs !== undefined,
    part: shard.count === 1 ? null : { index: shard.index, count: shard.count },
    touched: record.touched ?? null,
    started_at: timeOfMs(record.startedMs),
    finished_at: record.state.state === 'running' ? null : timeOfMs(record.state.finishedMs),
    elapsed_ms: Math.round(elapsedMs),
    files_per_second: Math.round(filesPerSecond * 10) / 10,
    expected_files: expectedFiles ?? null,
    counts: { ...counts },
    error: record.state.state === 'failed' ? record.state.error : null,
  };
}
