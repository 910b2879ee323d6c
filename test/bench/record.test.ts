import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { drawPlots } from '../../bench/plots/draw-plots.js';
import { continuedRecord, withSuite } from '../../bench/record/continued-record.js';
import { noFindings } from '../../bench/suite.js';
import { readRecords, type RunRecord } from '../../bench/record/run-record.js';
import { summaryText } from '../../bench/record/summary.js';
import { formatNumber, markdownTable } from '../../bench/record/table.js';
import { callsPerFile, parseStraceCounts } from '../../bench/suites/syscalls.js';
import { atModules, type CpuProfile, flameTree, timeByPart } from '../../bench/sync/cpu-profile.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const record: RunRecord = {
  format: 1,
  startedAt: '2026-08-01T12:30:00.000Z',
  seconds: 61,
  command: 'npm run bench -- hash',
  isQuick: false,
  suites: ['hash'],
  revision: { commit: '0123456789abcdef', isDirty: true },
  machine: { cores: 2 },
  software: { node: 'v20.20.0' },
  targets: [
    {
      id: 'hash-1-thread',
      title: 'hashing, 1 thread, over the yardstick with 1',
      comparison: 'at least',
      goal: 1.7,
      unit: '×',
      state: 'failed',
      measured: 1.6,
      samples: [1.5, 1.6, 1.7],
    },
  ],
  ratios: [],
  series: [1, 2].map((threads) => ({
    suite: 'hash',
    name: 'hashing, warm cache: engine',
    unit: 'files/s',
    samples: [50_000 * threads],
    at: { axis: 'threads', value: threads },
  })),
  facts: { 'a fact': ['one', { two: 2 }] },
  notes: ['A note.'],
};

describe('summaryText', () => {
  const text = summaryText(record, [{ file: 'a.svg', title: 'A plot' }]);

  it('begins with the targets, failed ones marked', () => {
    expect(text.indexOf('## Targets')).toBeLessThan(text.indexOf('## Machine'));
    const row = text.split('\n').find((line) => line.startsWith('| hashing, 1 thread'));
    expect(row?.replaceAll(/ +/g, ' ')).toBe(
      '| hashing, 1 thread, over the yardstick with 1 | at least 1.7 × | 1.6 × | [1.5, 1.7] | 3 | **failed** |',
    );
  });

  it('says that the commit is not all there was', () => {
    expect(text).toContain('0123456789ab with changes that are not committed');
  });

  it('has a column for each place on an axis', () => {
    expect(text.replaceAll(/ +/g, ' ')).toContain('| hashing, warm cache, files/s by threads | 1 | 2 |');
    expect(text.replaceAll(/ +/g, ' ')).toContain('| engine | 50,000 | 100,000 |');
  });

  it('shows notes, facts and plots', () => {
    expect(text).toContain('- A note.');
    expect(text).toContain('- a fact: one; two 2');
    expect(text).toContain('![A plot](a.svg)');
  });
});

describe('a record that a later run adds to', () => {
  const found = (samples: readonly number[]) => ({
    ...noFindings(),
    series: [{ suite: 'start', name: 'node', unit: 'ms', samples } as const],
    targets: [{ target: 'start-version', samples } as const],
    notes: ['a note'],
    facts: { more: 1 },
  });

  it('has both, in the order of the targets', () => {
    const both = withSuite(record, 'start', found([100]));
    expect(both.suites).toEqual(['hash', 'start']);
    expect(both.targets.map(({ id, state }) => [id, state])).toEqual([
      ['hash-1-thread', 'failed'],
      ['start-version', 'passed'],
      ['start-help', 'not measured'],
      ['start-hash', 'not measured'],
    ]);
    expect(both.series.map(({ name }) => name)).toContain('node');
    expect(both.series).toHaveLength(record.series.length + 1);
    expect(both.notes).toEqual(['A note.', 'start: a note']);
    expect(both.facts).toEqual({ ...record.facts, more: 1 });
  });

  it('replaces what it had of a suite that is measured again', () => {
    const again = withSuite(withSuite(record, 'start', found([100])), 'start', {
      ...found([130]),
      notes: [],
    });
    expect(again.targets.find(({ id }) => id === 'start-version')).toMatchObject({
      state: 'failed',
      measured: 130,
    });
    expect(again.series).toHaveLength(record.series.length + 1);
    expect(again.notes).toEqual(['A note.']);
  });

  it('is of one commit, and of full runs or quick ones alone', () => {
    const later = { ...record, command: 'npm run bench -- start', startedAt: '2026-08-02T12:30:00.000Z' };
    expect(continuedRecord(record, later)).toMatchObject({
      startedAt: record.startedAt,
      command: 'npm run bench -- hash; npm run bench -- start',
    });
    const other = { ...later, revision: { commit: 'fedcba9876543210', isDirty: false } };
    expect(() => continuedRecord(record, other)).toThrow('commit 0123456789ab, and this is fedcba987654');
    expect(() => continuedRecord(record, { ...later, isQuick: true })).toThrow('quick');
  });
});

describe('drawPlots', () => {
  it('plots each axis of a suite, and the history of its targets', () => {
    const files = drawPlots(record, [record]).map(({ file }) => file);
    expect(files).toEqual(['hash-hashing-warm-cache-threads.svg', 'history-hash.svg']);
  });

  it('draws no history without records', () => {
    expect(drawPlots(record, []).map(({ file }) => file)).not.toContain('history-hash.svg');
  });
});

describe('readRecords', () => {
  it('reads what was written, oldest first, and passes over what is no record', async () => {
    const { path } = await temporaryFolder();
    const write = (name: string, content: object) => {
      mkdirSync(join(path, name));
      writeFileSync(join(path, name, 'record.json'), JSON.stringify(content));
    };
    write('b', { ...record, startedAt: '2026-07-01T00:00:00.000Z' });
    write('a', record);
    write('c', { format: 99 });
    mkdirSync(join(path, 'empty'));
    expect(readRecords(path).map(({ startedAt }) => startedAt)).toEqual([
      '2026-07-01T00:00:00.000Z',
      record.startedAt,
    ]);
    expect(readRecords(join(path, 'nowhere'))).toEqual([]);
  });
});

it('a table is aligned, and a bar in a cell does not end it', () => {
  expect(
    markdownTable(
      ['name', 'value:'],
      [
        ['a|b', '1'],
        ['×', '22'],
      ],
    ),
  ).toBe('| name | value |\n| ---- | ----: |\n| a\\|b |     1 |\n| ×    |    22 |');
});

it.each([
  [0.012_345, '0.0123'],
  [1.7349, '1.73'],
  [12_345.6, '12,346'],
  [0, '0'],
])('formatNumber of %d is %s', (value, text) => {
  expect(formatNumber(value)).toBe(text);
});

describe('system calls', () => {
  const table = (opens: number, reads: number) =>
    [
      'syscall              calls',
      '---------------- ---------',
      `openat           ${opens}`,
      `pread64          ${reads}`,
      'futex                   12',
      '---------------- ---------',
      `total            ${opens + reads + 12}`,
      '',
    ].join('\n');

  it('are read by name', () => {
    expect([...parseStraceCounts(table(5, 7))]).toEqual([
      ['openat', 5],
      ['pread64', 7],
      ['futex', 12],
    ]);
  });

  it('count for the files that one run has more than the other', () => {
    const small = parseStraceCounts(table(31, 8));
    const large = parseStraceCounts(table(1031, 5008));
    expect(callsPerFile(small, large, 1000)).toEqual({ pread64: 5, openat: 1 });
  });
});

describe('a profile', () => {
  const frame = (id: number, functionName: string, url: string, children: number[] = []) => ({
    id,
    callFrame: { functionName, url, lineNumber: 1, columnNumber: 0 },
    children,
  });
  const profile: CpuProfile = {
    nodes: [
      frame(1, '(root)', '', [2, 5, 6, 7]),
      frame(2, 'handle', 'file:///d/dist/server/http/routes/kosync/kosync-routes.js', [3]),
      frame(3, 'parseJsonObject', 'file:///d/dist/server/http/routes/kosync/kosync-body.js', [4]),
      frame(4, 'parse', ''),
      frame(5, '(idle)', ''),
      frame(6, 'query', 'file:///d/node_modules/mysql2/lib/connection.js'),
      frame(7, '(program)', ''),
    ],
    samples: [2, 4, 5, 6, 7],
    timeDeltas: [0, 1e6, 2e6, 50e6, 4e6, 8e6],
  };

  it('counts native calls for whoever made them, and idle time for nobody', () => {
    const parts = Object.fromEntries([...timeByPart(profile)].filter(([, seconds]) => seconds > 0));
    expect(parts).toEqual({
      routing: 1,
      parsing: 2,
      'database client': 4,
      'native code outside of JavaScript': 8,
    });
  });

  it('names the module of a function, whichever file the build has joined it into', async () => {
    const { path: folder } = await temporaryFolder();
    const chunks = join(folder, 'dist/server/chunks');
    mkdirSync(chunks, { recursive: true });
    const map = {
      version: 3,
      file: 'joined.js',
      sources: ['../../../server/http/router.ts', '../../../node_modules/kysely/dist/index.js'],
      sourcesContent: ['', ''],
      names: [],
      // The second line is of the first source, the third line of the second one.
      mappings: ';AAAA;ACAA',
    };
    writeFileSync(join(chunks, 'joined.js.map'), JSON.stringify(map));
    const joined = pathToFileURL(join(chunks, 'joined.js')).href;
    const inLine = (id: number, url: string, lineNumber: number): CpuProfile['nodes'][number] => ({
      id,
      callFrame: { functionName: 'run', url, lineNumber, columnNumber: 0 },
    });
    const single = join(folder, 'dist/bench/probe.js');
    mkdirSync(dirname(single));
    const { sourcesContent: _, ...bare } = { ...map, file: 'probe.js', sources: ['../../bench/probe.ts'] };
    writeFileSync(`${single}.map`, JSON.stringify({ ...bare, mappings: ';AAAA' }));
    const alone = join(folder, 'node_modules/mysql2/index.js');
    mkdirSync(dirname(alone), { recursive: true });
    writeFileSync(`${alone}.map`, 'a map of another kind');
    const { nodes } = atModules({
      ...profile,
      nodes: [
        inLine(1, joined, 1),
        inLine(2, joined, 2),
        inLine(3, pathToFileURL(single).href, 1),
        inLine(4, pathToFileURL(alone).href, 1),
        inLine(5, '', 1),
      ],
    });
    expect(nodes.map(({ callFrame }) => callFrame.url)).toEqual([
      pathToFileURL(join(folder, 'dist/server/http/router.js')).href,
      pathToFileURL(join(folder, 'node_modules/kysely/dist/index.js')).href,
      pathToFileURL(single).href,
      pathToFileURL(alone).href,
      '',
    ]);
  });

  it('is a tree with the time of callees in their callers', () => {
    const tree = flameTree(profile);
    expect(tree.seconds).toBe(15);
    expect(tree.children.map(({ name, seconds }) => [name, seconds])).toEqual([
      ['(program)', 8],
      ['query', 4],
      ['handle', 3],
    ]);
    expect(tree.children[1]?.file).toBe('node_modules/mysql2/lib/connection.js');
  });
});
