import { z } from 'zod';
import { cancelScan } from '../../../scan/cancel-scan.js';
import { listScans } from '../../../scan/get-scan.js';
import { getScanWithFailures, listFailures } from '../../../scan/list-failures.js';
import { startScan } from '../../../scan/start-scan.js';
import { watchScan } from '../../../scan/watch-scan.js';
import { libraryIdText, pageQuery, scanIdNumber, scanIdText, text } from '../../api-fields.js';
import { type Access, type ApiRoute, eventRoute, jsonRoute } from '../../api-route.js';
import { pageSchema, requestSchema } from '../../api-schemas.js';
import { nextCursor, pageRequest } from '../../cursor.js';
import {
  failureJson,
  failurePageSchema,
  scanJson,
  scanSchema,
  scanWithFailuresJson,
  scanWithFailuresSchema,
} from './scan-json.js';

const scans = pageSchema('ScanPage', scanSchema);
const newScan = requestSchema(
  'NewScan',
  z.strictObject({
    regen_hashes: z
      .boolean()
      .default(false)
      .describe('hash every book again, not only those that are new or changed'),
  }),
);

const failureCursor = z
  .strictObject({ r: text(32), n: z.int().min(1) })
  .transform(({ r, n }) => ({ reason: r, number: n }));

const READERS: Access = ['library:scan', 'library:manage'];
const params = z.object({ id: scanIdText });

export const scanRoutes: readonly ApiRoute[] = [
  jsonRoute(
    {
      method: 'POST',
      path: '/libraries/{id}/scans',
      operationId: 'startScan',
      tag: 'scans',
      summary: 'Scan a library',
      description: 'It runs in the background. The answer shows the scan at its start.',
      access: ['library:scan'],
      params: z.object({ id: libraryIdText }),
      body: newScan,
      reply: { kind: 'json', status: 201, schema: scanSchema, says: 'The scan has begun', location: true },
      problems: ['library-not-found', 'scan-running', 'scans-at-limit', 'stopping'],
    },
    async (management, { principal, params: { id: libraryId }, body }) => {
      const started = await startScan(management, principal, libraryId, { regenHashes: body.regen_hashes });
      return { value: scanJson(started), location: `/scans/${String(started.record.id)}` };
    },
  ),
  jsonRoute(
    {
      method: 'GET',
      path: '/scans',
      operationId: 'listScans',
      tag: 'scans',
      summary: 'List scans, newest first',
      access: READERS,
      query: z.object({
        ...pageQuery,
        library_id: libraryIdText.optional().describe('only of this library'),
      }),
      reply: { kind: 'json', status: 200, schema: scans, says: 'A page of scans' },
      problems: ['library-not-found'],
    },
    async (management, { principal, query }) => {
      const page = await listScans(management, principal, query.library_id, pageRequest(query, scanIdNumber));
      return { value: { items: page.items.map(scanJson), next_cursor: nextCursor(page) } };
    },
  ),
  jsonRoute(
    {
      method: 'GET',
      path: '/scans/{id}',
      operationId: 'showScan',
      tag: 'scans',
      summary: 'Show the present state of a scan',
      access: READERS,
      params,
      reply: { kind: 'json', status: 200, schema: scanWithFailuresSchema, says: 'The scan' },
      problems: ['scan-not-found'],
    },
    async (management, { principal, params: { id: scanId } }) => ({
      value: scanWithFailuresJson(await getScanWithFailures(management, principal, scanId)),
    }),
  ),
  jsonRoute(
    {
      method: 'GET',
      path: '/scans/{id}/failures',
      operationId: 'listScanFailures',
      tag: 'scans',
      summary: 'List what a scan could not read, by reason',
      description:
        'The first hundred files and folders of each reason. All books whose files could not be hashed are among those ' +
        'of the library.',
      access: READERS,
      params,
      query: z.object({ ...pageQuery, reason: text(32).optional().describe('only this reason') }),
      reply: { kind: 'json', status: 200, schema: failurePageSchema, says: 'A page of files and folders' },
      problems: ['scan-not-found'],
    },
    async ({ store }, { principal, params: { id: scanId }, query }) => {
      const page = await listFailures(
        store,
        principal,
        scanId,
        query.reason,
        pageRequest(query, failureCursor),
      );
      return {
        value: {
          items: page.items.map(failureJson),
          next_cursor: nextCursor(page, ({ reason, number }) => ({ r: reason, n: number })),
          failures_total: page.total,
          failures_kept: page.kept,
        },
      };
    },
  ),
  jsonRoute(
    {
      method: 'POST',
      path: '/scans/{id}/cancel',
      operationId: 'cancelScan',
      tag: 'scans',
      summary: 'Ask a scan to stop',
      description:
        'It stops between two batches; one that another process runs hears of it within some seconds. What it has ' +
        'done stays, and the next scan goes on from there.',
      access: ['library:scan'],
      params,
      body: z.strictObject({}),
      reply: { kind: 'json', status: 202, schema: scanSchema, says: 'It was asked to stop' },
      problems: ['scan-not-found', 'scan-not-running'],
    },
    async (management, { principal, params: { id: scanId } }) => ({
      value: scanJson(await cancelScan(management, principal, scanId)),
    }),
  ),
  eventRoute(
    {
      method: 'GET',
      path: '/scans/{id}/events',
      operationId: 'watchScan',
      tag: 'scans',
      summary: 'Watch a scan',
      description:
        'Server-sent events: "state" with the scan whenever it has changed, and as the last one "end" with its ' +
        'result. A client that reconnects after the end, with Last-Event-ID, gets 204.',
      access: READERS,
      params,
      reply: { kind: 'events', schema: scanSchema, says: 'The scan, whenever it has changed' },
      problems: ['scan-not-found', 'streams-at-limit'],
    },
    async function* (management, { principal, params: { id: scanId } }, signal) {
      for await (const shown of watchScan(management, principal, scanId, signal)) {
        const version = JSON.stringify([shown.state, shown.counts]);
        yield { value: scanJson(shown), version, isEnd: shown.state !== 'running' };
      }
    },
  ),
];
