import { z } from 'zod';
import type { LibraryOverview } from '../../../overview/overview.js';
import { id, time, timeOfMs } from '../../api-fields.js';
import { type ApiRoute, jsonRoute } from '../../api-route.js';
import { answerSchema } from '../../api-schemas.js';

const count = z.int().min(0);

const overview = answerSchema(
  'Overview',
  z.strictObject({
    libraries: z
      .array(
        z.strictObject({
          id,
          name: z.string(),
          koreader_hashes: z.boolean(),
          books: count.describe('whose files are there'),
          ready: count.describe('that a reader finds by the file as it is now'),
          missing: count.describe('not seen by the last complete scan'),
          failed: count.describe('could not be hashed in their present state'),
          scanning: z.boolean(),
          never_scanned: z.boolean(),
          last_scan: z
            .strictObject({
              id,
              state: z.enum(['completed', 'failed', 'cancelled', 'interrupted']),
              finished_at: time.nullable(),
              failed: count.describe('files that it could not read, books or not'),
            })
            .nullable()
            .describe('that has ended; null without a permission to see scans'),
          root_problem: z
            .string()
            .nullable()
            .describe('why the folder cannot be used, for people; null without a permission to see it'),
        }),
      )
      .describe('by name'),
    needs_look: z
      .array(
        z.strictObject({
          kind: z.enum([
            'root',
            'scan-failed',
            'never-scanned',
            'failed-files',
            'no-hashes',
            'missing-books',
          ]),
          library_id: id,
          count: count.describe('books that it is about'),
          says: z.string().nullable().describe('why, for people'),
        }),
      )
      .describe('what somebody should look at, the most important first'),
  }),
);

export const overviewRoutes: readonly ApiRoute[] = [
  jsonRoute(
    {
      method: 'GET',
      path: '/overview',
      operationId: 'showOverview',
      tag: 'server',
      summary: 'Show the libraries with their numbers of books, and what needs a look',
      description:
        'Of the libraries that the caller may see. While a library is scanned, its numbers may be some seconds old.',
      access: 'any key',
      reply: { kind: 'json', status: 200, schema: overview, says: 'The overview' },
    },
    async (management, { principal }) => {
      const { libraries, needsLook } = await management.overview.of(principal);
      return {
        value: {
          libraries: libraries.map(libraryOverviewJson),
          needs_look: needsLook.map(({ kind, libraryId, count: books, says }) => ({
            kind,
            library_id: libraryId,
            count: books,
            says: says ?? null,
          })),
        },
      };
    },
  ),
];

function libraryOverviewJson({
  library,
  books,
  isScanning,
  isNeverScanned,
  lastScan,
  rootProblem,
}: LibraryOverview): z.input<typeof overview>['libraries'][number] {
  return {
    id: library.id,
    name: library.name,
    koreader_hashes: library.koreaderHashes,
    books: books.books - books.missing,
    ready: books.ready,
    missing: books.missing,
    failed: books.failed,
    scanning: isScanning,
    never_scanned: isNeverScanned,
    last_scan:
      lastScan === undefined || lastScan.state.state === 'running'
        ? null
        : {
            id: lastScan.id,
            state: lastScan.state.state,
            finished_at: timeOfMs(lastScan.state.finishedMs),
            failed: lastScan.counts.failed,
          },
    root_problem: rootProblem ?? null,
  };
}
