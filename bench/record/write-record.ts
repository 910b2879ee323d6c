import { mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { drawPlots } from '../plots/draw-plots.js';
import type { Attachment } from '../suite.js';
import { readRecords, RECORD_FILE, type RunRecord } from './run-record.js';
import { summaryText } from './summary.js';

/** `<runsFolder>/<date>T<time>-<host>` */
export function newRecordFolder(runsFolder: string, startedAt: string): string {
  const time = startedAt.slice(0, 19).replaceAll(':', '');
  return join(runsFolder, `${time}-${hostname().replaceAll(/[^\w.-]/g, '_')}`);
}

/**
 * Writes record.json, summary.md and the plots into the folder of a record.
 *
 * @param attachments the new ones; the record names those that were written before as well
 */
export function writeRecord(folder: string, record: RunRecord, attachments: readonly Attachment[]): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, RECORD_FILE), `${JSON.stringify(record, undefined, 1)}\n`);
  // Quick runs are not part of the history.
  const history = readRecords(dirname(folder)).filter(({ isQuick }) => !isQuick);
  const plots = drawPlots(record, history);
  for (const { file, svg } of plots) writeFileSync(join(folder, file), svg);
  for (const { name, content } of attachments) writeFileSync(join(folder, name), content);
  writeFileSync(join(folder, 'summary.md'), summaryText(record, [...plots, ...(record.pictures ?? [])]));
}
