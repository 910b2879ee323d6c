import { z } from 'zod';
import { watchChanges } from '../../../overview/watch-changes.js';
import { type ApiRoute, eventRoute } from '../../api-route.js';
import { answerSchema } from '../../api-schemas.js';
import { scanJson, scanSchema } from './scan-json.js';

const version = z.string().describe('opaque; another one: read the list again');

const changes = answerSchema(
  'Changes',
  z.strictObject({
    scans: z
      .array(scanSchema)
      .describe(
        'scans that run, or ended within the last ten seconds; none without a permission to see scans',
      ),
    versions: z.strictObject({
      progress: version.describe('of the positions of the caller, or of all users with user:manage'),
      devices: version,
      api_keys: version,
      libraries: version.describe(
        'of the libraries that the caller may see, and of their books after a scan',
      ),
      users: version,
    }),
  }),
);

export const changeRoutes: readonly ApiRoute[] = [
  eventRoute(
    {
      method: 'GET',
      path: '/changes',
      operationId: 'watchChanges',
      tag: 'server',
      summary: 'Watch what changes',
      description:
        'Server-sent events: "state" at once, and then whenever a scan has moved on or a list may have changed. One ' +
        'stream is enough for all that a page shows. It ends when the permissions of the caller change, and when the ' +
        'server stops; connect again then.',
      access: 'any key',
      reply: { kind: 'events', schema: changes, says: 'The versions of all lists, and the scans' },
      problems: ['streams-at-limit'],
    },
    async function* (management, { principal }, signal) {
      for await (const { scans, versions } of watchChanges(management, principal, signal)) {
        const marks = [versions, scans.map(({ record, state, counts }) => [record.id, state, counts])];
        yield {
          value: { scans: scans.map(scanJson), versions },
          version: JSON.stringify(marks),
          isEnd: false,
        };
      }
    },
  ),
];
