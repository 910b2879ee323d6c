import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { startProgram } from '../../support/program.js';
import { repositoryRoot } from '../../support/repository-root.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

// Grafana and Prometheus show nothing for a metric that does not exist, and say nothing about it.

const rules = z.object({
  groups: z.array(z.object({ rules: z.array(z.object({ alert: z.string(), expr: z.string() })) })),
});
const dashboard = z.object({
  panels: z.array(
    z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })).default([]) }),
  ),
  templating: z.object({ list: z.array(z.object({ definition: z.string().optional() })) }),
  annotations: z.object({ list: z.array(z.object({ expr: z.string() })) }),
});

const alertRules = deployed('alert-rules.yaml');
const alertExpressions = rules
  .parse(parse(alertRules))
  .groups.flatMap((group) => group.rules.map(({ expr }) => expr));
const { panels, templating, annotations } = dashboard.parse(JSON.parse(deployed('grafana-dashboard.json')));
const shownExpressions = [
  ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
  ...templating.list.flatMap(({ definition }) => definition ?? []),
  ...annotations.list.map(({ expr }) => expr),
];

/** The metrics of a server that has answered requests of readers. */
let metrics: string;

beforeAll(async () => {
  const { path: cwd } = await temporaryFolder();
  const args = 'serve --host 127.0.0.1 --port 0 --database sqlite:dogear.db --set log.format=json';
  const program = startProgram(args.split(' '), { cwd, env: { ENABLE_KOREADER_SYNC: 'true' } });
  const [, address = ''] = await program.output('stderr', /"address":"([^"]+)"/);
  await fetch(`${address}/users/auth`);
  await fetch(`${address}/koreader/key/syncs/progress/x`);
  await fetch(`${address}/koreader/key/syncs/progress`, { method: 'PUT', body: '{}' });
  metrics = await (await fetch(`${address}/metrics`)).text();
  program.send('SIGTERM');
  expect((await program.result).exitCode).toBe(0);
});

describe('a running server exports', () => {
  it('each metric of the alert rules, also of their descriptions', () => {
    expect(alertExpressions.length).toBeGreaterThan(10);
    expect(unknownMetrics(alertRules)).toEqual([]);
  });

  it('each metric of the dashboard', () => {
    expect(shownExpressions.length).toBeGreaterThan(20);
    expect(unknownMetrics(shownExpressions.join('\n'))).toEqual([]);
  });

  it('each metric that OPERATING.md says to watch', () => {
    expect(unknownMetrics(readFileSync(join(repositoryRoot, 'server/OPERATING.md'), 'utf8'))).toEqual([]);
  });

  it('the routes that expressions select', () => {
    const routes = [...metrics.matchAll(/route="([^"]+)"/g)].map(([, route = '']) => route);
    const patterns = [...alertExpressions, ...shownExpressions].flatMap((expression) =>
      [...expression.matchAll(/route=~"([^"]+)"/g)].flatMap(([, pattern = '']) => pattern.split('|')),
    );
    expect(patterns.length).toBeGreaterThan(5);
    const selectNothing = patterns.filter(
      (pattern) => !routes.some((route) => new RegExp(`^(?:${pattern})$`).test(route)),
    );
    expect(selectNothing).toEqual([]);
  });

  it('no metric that is misspelled', () => {
    expect(unknownMetrics('dogear_pushes_wait > 1')).toEqual(['dogear_pushes_wait']);
  });
});

function deployed(name: string): string {
  return readFileSync(join(repositoryRoot, 'server/deploy/monitoring', name), 'utf8');
}

/** Metrics, or the series of histograms, that are named but not exported. */
function unknownMetrics(text: string): readonly string[] {
  const exported = new Set(
    [...metrics.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name = '', type = '']) =>
      type === 'histogram' ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
  );
  const named = [...text.matchAll(/\bdogear_[a-z0-9_]+/g)].map(([name]) => name);
  return [...new Set(named)].filter((name) => !exported.has(name));
}
