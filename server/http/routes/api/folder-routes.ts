import { z } from 'zod';
import { text } from '../../api-fields.js';
import { type ApiRoute, jsonRoute } from '../../api-route.js';
import { answerSchema } from '../../api-schemas.js';

const folders = answerSchema(
  'Folders',
  z.strictObject({
    path: z
      .string()
      .nullable()
      .describe(
        'absolute, without symbolic links; null: the list of the folders below which folders are shown',
      ),
    parent: z.string().nullable().describe('null at the top'),
    items: z.array(
      z.strictObject({
        name: z.string().describe('bytes that are not UTF-8 are escaped as \\xNN'),
        path: z.string().nullable().describe('null: its name is not UTF-8, so it cannot be chosen'),
      }),
    ),
    readable: z.boolean(),
    says: z.string().nullable().describe('why it cannot be read, for people'),
    links: z
      .int()
      .min(0)
      .describe('symbolic links that were left out, because scans do not follow links to folders'),
    cut: z.boolean().describe('whether there are more folders than these'),
  }),
);

export const folderRoutes: readonly ApiRoute[] = [
  jsonRoute(
    {
      method: 'GET',
      path: '/folders',
      operationId: 'showFolders',
      tag: 'libraries',
      summary: 'Show the folders in a folder of the server, to choose the root of a library',
      description: 'The setting console.folder_roots limits which folders are shown.',
      access: ['library:manage'],
      query: z.object({
        path: text(4096)
          .regex(/^\/[^\0]*$/, 'has to be an absolute path')
          .optional()
          .describe('an absolute path on the server; by default where one begins'),
      }),
      reply: { kind: 'json', status: 200, schema: folders, says: 'The folder' },
      problems: ['root-missing', 'root-not-a-folder', 'storage-slow'],
    },
    async (management, { query }) => {
      const listing = await management.folders.list(query.path);
      return {
        value: {
          path: listing.path ?? null,
          parent: listing.parent ?? null,
          items: listing.folders.map(({ name, path }) => ({ name, path: path ?? null })),
          readable: listing.unreadable === undefined,
          says: listing.unreadable ?? null,
          links: listing.links,
          cut: listing.isCut,
        },
      };
    },
  ),
];
