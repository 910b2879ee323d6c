import { mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { drawPlots } from '../plots/draw-plots.js';
import type { Attachment } from '../suite.js';
import { readRecords, RECORD_FILE, type RunRecord } from './run-record.js';
import { summaryText } from './summary.js';

/**
 * Writes record.json, summary.md and the plots into a folder of their own.
 *
 * @returns that folder: `<runsFolder>/<date>T<time>-<host>`
 */
export function writeRecord(
  runsFolder: string,
  record: RunRecord,
  attachments: readonly Attachment[],
): string {
  const time = record.startedAt.slice(0, 19).replaceAll(':', '');
  const folder = join(runsFolder, `${time}-${hostname().replaceAll(/[^\w.-]/g, '_')}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, RECORD_FILE), `${JSON.stringify(record, undefined, 1)}\n`);
  // Quick runs are not part of the history.
  const history = readRecords(runsFolder).filter(({ isQuick }) => !isQuick);
  const plots = [
    ...drawPlots(record, history),
    ...attachments.map(({ name, title, content }) => ({ file: name, title, svg: content })),
  ];
  for (const { file, svg } of plots) writeFileSync(join(folder, file), svg);
  writeFileSync(join(folder, 'summary.md'), summaryText(record, plots));
  return folder;
}
