import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { repositoryRoot } from '../../support/repository-root.js';

const folder = join(repositoryRoot, 'dist/server/console');
/** Scripts and styles of all pages but the reader, as they are sent. */
const MOST_BYTES = 53_000;
/** The page of an open book: what shows EPUBs and comics, and what it shares with the other pages. */
const MOST_READER_BYTES = 46_800;

function scriptsAndStyles(): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.(?:js|css)$/.test(name),
  );
}

function sentBytes(names: readonly string[]): number {
  return names.reduce(
    (sum, name) => sum + gzipSync(readFileSync(join(folder, name)), { level: 9 }).length,
    0,
  );
}

interface BundledPackage {
  readonly name: string;
  readonly identifier: string;
  readonly text: string;
}

function packagesIn(list: string): readonly BundledPackage[] {
  return JSON.parse(readFileSync(join(folder, list), 'utf8')) as readonly BundledPackage[];
}

function isOfReader(name: string): boolean {
  return name.startsWith('assets/reader-');
}

describe('the built console', () => {
  it('has at most 53 kB of JavaScript and CSS, which the page loads at once', () => {
    const names = scriptsAndStyles().filter((name) => !isOfReader(name));
    expect(sentBytes(names)).toBeLessThan(MOST_BYTES);
    const page = readFileSync(join(folder, 'index.html'), 'utf8');
    const loaded = names.filter((name) => page.includes(`"./${name}"`));
    // The third one is the worker that all tabs share.
    expect(names.length).toBe(3);
    expect(loaded.length).toBe(2);
  });

  it('has at most 46.8 kB for an open book, of which nothing is loaded before', () => {
    const names = scriptsAndStyles().filter(isOfReader);
    expect(sentBytes(names)).toBeLessThan(MOST_READER_BYTES);
    expect(names.length).toBe(2);
    const page = readFileSync(join(folder, 'index.html'), 'utf8');
    expect(page).not.toContain('reader');
    for (const name of scriptsAndStyles()) {
      if (name.endsWith('.js') && !isOfReader(name)) {
        expect(readFileSync(join(folder, name), 'utf8')).not.toContain('paginator');
      }
    }
  });

  it('lets no scripts into the frames of books', () => {
    const script = scriptsAndStyles().find((name) => isOfReader(name) && name.endsWith('.js')) ?? '';
    expect(readFileSync(join(folder, script), 'utf8')).not.toContain('allow-scripts');
  });

  it('contains these packages, with licences that ask for no more than to be passed on', () => {
    const packages = packagesIn('licenses.json');
    expect(packages.map(({ name, identifier }) => `${name} ${identifier}`)).toEqual([
      '@preact/signals-core MIT',
      '@preact/signals MIT',
      'preact MIT',
      'uqr MIT',
    ]);
    const ofReader = packagesIn('reader-licenses.json');
    expect(ofReader.map(({ name, identifier }) => `${name} ${identifier}`)).toEqual([
      '@preact/signals-core MIT',
      '@preact/signals MIT',
      'foliate-js MIT',
      'preact MIT',
    ]);
    for (const { text } of [...packages, ...ofReader]) expect(text).toContain('Permission is hereby granted');
  });

  it('names no other host', () => {
    const page = readFileSync(join(folder, 'index.html'), 'utf8');
    expect(page).not.toMatch(/https?:\/\//);
    expect(page).not.toMatch(/<(?:script|style)[^>]*>[^<]/);
  });
});
