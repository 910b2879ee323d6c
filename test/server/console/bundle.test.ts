import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { repositoryRoot } from '../../support/repository-root.js';

const folder = join(repositoryRoot, 'dist/server/console');
/** Scripts and styles of all pages, as they are sent. */
const MOST_BYTES = 52_100;

describe('the built console', () => {
  it('has at most 52.1 kB of JavaScript and CSS, which the page loads at once', () => {
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.(?:js|css)$/.test(name),
    );
    const sizes = names.map((name) => gzipSync(readFileSync(join(folder, name)), { level: 9 }).length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(MOST_BYTES);
    const page = readFileSync(join(folder, 'index.html'), 'utf8');
    const loaded = names.filter((name) => page.includes(`"./${name}"`));
    // The third one is the worker that all tabs share.
    expect(names.length).toBe(3);
    expect(loaded.length).toBe(2);
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
