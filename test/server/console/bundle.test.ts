import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { repositoryRoot } from '../../support/repository-root.js';

const folder = join(repositoryRoot, 'dist/server/console');
/** All that a browser loads for the pages of the console, in bytes. */
const BUDGET_BYTES = 40_000;

describe('the built console', () => {
  it('has at most 40 kB of JavaScript and CSS, as it is sent', () => {
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.(?:js|css)$/.test(name),
    );
    expect(names.length).toBeGreaterThan(1);
    const bytes = names.map((name) => gzipSync(readFileSync(join(folder, name)), { level: 9 }).length);
    expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThan(BUDGET_BYTES);
  });

  it('contains these packages, with licences that ask for no more than to be passed on', () => {
    const packages = JSON.parse(readFileSync(join(folder, 'licenses.json'), 'utf8')) as {
      readonly name: string;
      readonly identifier: string;
      readonly text: string;
    }[];
    expect(packages.map(({ name, identifier }) => `${name} ${identifier}`)).toEqual([
      '@preact/signals-core MIT',
      '@preact/signals MIT',
      'preact MIT',
      'uqr MIT',
    ]);
    for (const { text } of packages) expect(text).toContain('Permission is hereby granted');
  });

  it('names no other host', () => {
    const page = readFileSync(join(folder, 'index.html'), 'utf8');
    expect(page).not.toMatch(/https?:\/\//);
    expect(page).not.toMatch(/<(?:script|style)[^>]*>[^<]/);
  });
});
