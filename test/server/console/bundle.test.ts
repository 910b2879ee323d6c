import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { repositoryRoot } from '../../support/repository-root.js';

const folder = join(repositoryRoot, 'dist/server/console');
/** What a browser loads for the first page that it opens, in bytes. */
const FIRST_PAGE_BYTES = 40_000;
/** With the pages that are loaded when they are opened first. */
const ALL_PAGES_BYTES = 60_000;

/** The size of scripts and styles as they are sent. */
function sentBytes(names: readonly string[]): number {
  const bytes = names.map((name) => gzipSync(readFileSync(join(folder, name)), { level: 9 }).length);
  return bytes.reduce((sum, size) => sum + size, 0);
}

describe('the built console', () => {
  it('loads at most 40 kB of JavaScript and CSS for its first page', () => {
    const page = readFileSync(join(folder, 'index.html'), 'utf8');
    const names = [...page.matchAll(/(?:src|href)="\.\/([^"]+\.(?:js|css))"/g)].map(([, name = '']) => name);
    // Every script that is loaded at once is named in the page, so that none waits for another one.
    const scripts = names.filter((name) => name.endsWith('.js'));
    expect(names.length).toBe(scripts.length + 1);
    for (const script of scripts) {
      const text = readFileSync(join(folder, script), 'utf8');
      const imports = [...text.matchAll(/(?:\bfrom|\bimport)["'`]\.\/([^"'`]+)["'`]/g)];
      expect(scripts).toEqual(expect.arrayContaining(imports.map(([, name = '']) => `assets/${name}`)));
    }
    const [worker = ''] = readdirSync(join(folder, 'assets')).filter((name) =>
      name.startsWith('live-worker'),
    );
    expect(sentBytes([...names, join('assets', worker)])).toBeLessThan(FIRST_PAGE_BYTES);
    const all = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    expect(sentBytes(all.filter((name) => /\.(?:js|css)$/.test(name)))).toBeLessThan(ALL_PAGES_BYTES);
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
