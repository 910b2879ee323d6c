import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseArguments, SUITES } from '../../bench/arguments.js';
import { parseCompareArguments } from '../../bench/compare/compare-arguments.js';
import { repositoryRoot } from '../support/repository-root.js';

describe('the arguments of bench', () => {
  const parse = (...args: readonly string[]) => parseArguments(args, '/repo', { XDG_CACHE_HOME: '/cache' });

  it('run everything by default, and record it in the repository', () => {
    expect(parse()).toEqual({
      suites: SUITES,
      namedSuites: [],
      quick: false,
      cold: true,
      cacheFolder: '/cache/dogear-bench',
      runsFolder: '/repo/bench/runs',
      recordFolder: undefined,
      books: undefined,
      against: undefined,
    });
  });

  it('keep a quick run out of the repository', () => {
    expect(parse('--quick').runsFolder).toBe('/cache/dogear-bench/runs');
    expect(parse('--quick', '--runs', '/elsewhere').runsFolder).toBe('/elsewhere');
  });

  it('run chosen suites in their own order', () => {
    expect(parse('scan', 'hash', '--books', '500')).toMatchObject({ suites: ['hash', 'scan'], books: 500 });
  });

  it('take a group of suites, and tell which were named one by one', () => {
    const { suites, namedSuites } = parse('speed', 'micro');
    expect(suites).toEqual(expect.arrayContaining(['hash', 'start', 'micro']));
    expect(suites).not.toContain('walk');
    expect(namedSuites).toEqual(['micro']);
    expect(parse('speed', '--record', '/a/record').recordFolder).toBe('/a/record');
  });

  it.each([
    [['hush'], 'no suite "hush"'],
    [['--books', 'many'], '--books'],
    [['--books', '99'], '--books'],
    [['--slow'], '--slow'],
  ])('refuse %j', (args, message) => {
    expect(() => parse(...args)).toThrow(message);
  });
});

it('bench:compare names a revision that does not exist, without a stack', () => {
  const main = join(repositoryRoot, 'dist/bench/compare/main.js');
  const options = { encoding: 'utf8', timeout: 30_000 } as const;
  const { status, stderr } = spawnSync(process.execPath, [main, 'no-such-revision'], options);
  expect(status).toBe(2);
  expect(stderr).toMatch(/^there is no revision "no-such-revision" in this repository\n/);
  expect(stderr).not.toMatch(/^ +at /m);
});

describe('the arguments of bench:compare', () => {
  it('take two revisions', () => {
    expect(parseCompareArguments(['v1', 'v2', '--pairs', '9'])).toMatchObject({
      base: 'v1',
      candidate: 'v2',
      pairs: 9,
    });
    expect(parseCompareArguments([])).toMatchObject({
      base: undefined,
      candidate: undefined,
      pairs: 15,
      only: '',
    });
  });

  it.each([
    [['a', 'b', 'c'], 'two sides'],
    [['--pairs', '5'], '--pairs'],
    [['--pairs', '7.5'], '--pairs'],
  ])('refuse %j', (args, message) => {
    expect(() => parseCompareArguments(args)).toThrow(message);
  });
});
