import { z } from 'zod';
import { getAbout } from '../../../overview/about.js';
import { nextTimeMs } from '../../../scan/scan-schedule.js';
import type { ServerFacts } from '../../management.js';
import { time, timeOfMs } from '../../api-fields.js';
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

const about = answerSchema(
  'About',
  z.strictObject({
    version: z.string(),
    node: z.string(),
    system: z.string(),
    cores: z.int().min(1),
    database: z.strictObject({
      kind: z.enum(['sqlite', 'mysql', 'mariadb']),
      version: z.string(),
      url: z.string().describe('without its password'),
    }),
    engine: z.strictObject({
      md5: z.string().describe('the implementation of MD5'),
      reads: z.string().describe('how files are read'),
    }),
    automatic_scans: z.strictObject({
      schedule: z.string().nullable().describe('when all libraries are scanned, as a pattern of cron'),
      next_at: time.nullable().describe('the next of these times'),
      watch: z.boolean().describe('whether a library is scanned after something was touched in it'),
    }),
    findings: z
      .array(
        z.strictObject({
          level: z.enum(['info', 'warning']),
          subject: z.enum(['memory', 'mode', 'reads']).describe('what it is about'),
          text: z.string().describe('for people'),
        }),
      )
      .describe('what an operator should know'),
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
  jsonRoute(
    {
      method: 'GET',
      path: '/about',
      operationId: 'showAbout',
      tag: 'server',
      summary: 'Show what the server runs on, and what an operator should know',
      access: ['library:manage', 'user:manage'],
      reply: { kind: 'json', status: 200, schema: about, says: 'What the server runs on' },
    },
    async (management) => {
      const { facts, engine } = management;
      const { machine, database, findings } = await getAbout(management, facts.database.file);
      return {
        value: {
          version: facts.version,
          ...machine,
          database: { ...database, url: facts.database.url },
          engine: { md5: engine.md5KernelName, reads: engine.reads.name },
          automatic_scans: automaticScansJson(facts.automaticScans),
          findings: findings.map((finding) => ({ ...finding })),
        },
      };
    },
  ),
];

function automaticScansJson({
  schedule,
  watches,
}: ServerFacts['automaticScans']): z.input<typeof about>['automatic_scans'] {
  const nextMs = schedule === undefined ? undefined : nextTimeMs(schedule);
  return {
    schedule: schedule ?? null,
    next_at: nextMs === undefined ? null : timeOfMs(nextMs),
    watch: watches,
  };
}
