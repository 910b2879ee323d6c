import { z } from 'zod';
import { type ApiRoute, jsonRoute } from '../../api-route.js';
import { answerSchema } from '../../api-schemas.js';

const serverSchema = answerSchema(
  'Server',
  z.strictObject({
    version: z.string(),
    public_url: z.string().nullable().describe('the URL that readers type, if the operator has set one'),
    base_path: z
      .string()
      .describe('path under which everything is served, without a slash at its end; often empty'),
    koreader_sync: z.boolean().describe('whether the routes of KOReader exist'),
    registration: z.boolean().describe('whether readers may register new users'),
    history: z.boolean().describe('whether earlier positions are kept'),
  }),
);

export const serverRoutes: readonly ApiRoute[] = [
  jsonRoute(
    {
      method: 'GET',
      path: '/server',
      operationId: 'showServer',
      tag: 'server',
      summary: 'Show what the server offers',
      access: 'any key',
      reply: { kind: 'json', status: 200, schema: serverSchema, says: 'What the server offers' },
    },
    ({ facts }) =>
      Promise.resolve({
        value: {
          version: facts.version,
          public_url: facts.publicUrl ?? null,
          base_path: facts.basePath,
          koreader_sync: facts.koreaderSync,
          registration: facts.takesRegistrations,
          history: facts.keepsHistory,
        },
      }),
  ),
];
