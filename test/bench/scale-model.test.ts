import { describe, expect, it } from 'vitest';
import {
  checkScale,
  costsOfSize,
  type MeasuredSize,
  type RequestFigures,
} from '../../bench/scale/measured-scale.js';
import {
  ASSUMPTION_NAMES,
  ASSUMPTIONS,
  assumptionsWith,
  flagOf,
} from '../../bench/scale/scale-assumptions.js';
import {
  type ScaleAssumptions,
  type ScaleCosts,
  scaleNeeds,
  unknownShare,
} from '../../bench/scale/scale-model.js';

/** Powers of two and ten, so that the sums can be made by hand. */
const costs: ScaleCosts = {
  bytes: { user: 1000, head: 200, history: 100 },
  push: {
    serverUs: 20,
    databaseUs: 10,
    unknownServerUs: 40,
    unknownDatabaseUs: 30,
    pagesRead: 8,
    logBytes: 500,
    pagesWritten: 0.5,
  },
  pull: {
    serverUs: 10,
    databaseUs: 5,
    unknownServerUs: 20,
    unknownDatabaseUs: 15,
    pagesRead: 4,
    logBytes: 50,
    pagesWritten: 0.25,
  },
};
const assumed: ScaleAssumptions = {
  ...assumptionsWith({}),
  books: 60,
  booksAYear: 40,
  otherPlaces: 0.5,
  activeShare: 0.5,
  pushesADay: 10,
  pullsADay: 5,
  openBooks: 2,
  peakFactor: 4,
  keptShare: 0.5,
  historyPerDocument: 200,
  historyDays: 365,
  busyShare: 0.5,
  serverCores: 8,
  databaseCores: 8,
  databaseMemoryGb: 64,
  poolShare: 0.75,
  databaseDiskGb: 1000,
  diskShare: 0.5,
  copies: 3,
};
/** 86,400 readers make as many requests a second as each of them makes a day. */
const READERS = 86_400;

describe('what readers need', () => {
  const needs = scaleNeeds(READERS, costs, assumed);

  it('is requests in the busiest second, and cores for requests of users whose keys nobody remembers', () => {
    expect(needs.pushesASecond).toBeCloseTo(0.5 * 10 * 4);
    expect(needs.pullsASecond).toBeCloseTo(0.5 * 5 * 4);
    expect(needs.serverCores).toBeCloseTo((20 * 40e-6 + 10 * 20e-6) / 0.5);
    expect(needs.databaseCores).toBeCloseTo((20 * 30e-6 + 10 * 15e-6) / 0.5);
    expect(needs.logBytesASecond).toBeCloseTo(20 * 500 + 10 * 50);
    expect(needs.pagesWrittenASecond).toBeCloseTo(20 * 0.5 + 10 * 0.25);
  });

  it('is rows and bytes after a year, with those of other devices, users and history', () => {
    expect(needs.headRows).toBeCloseTo(READERS * 100 * 1.5);
    expect(needs.historyRows).toBeCloseTo(READERS * 0.5 * 10 * 0.5 * 365);
    expect(needs.diskBytes).toBeCloseTo(READERS * 1000 + needs.headRows * 200 + needs.historyRows * 100);
    expect(needs.diskAYearBytes).toBeCloseTo(READERS * 40 * 1.5 * 200 + needs.historyRows * 100);
  });

  it('is memory for the pages of those who read, and never more than there are', () => {
    const rowBytes = needs.diskBytes;
    expect(needs.workingSetBytes).toBeLessThan(rowBytes);
    // The last pages of the history of two open books, and half of the heads at least.
    expect(needs.workingSetBytes).toBeGreaterThan(READERS * 0.5 * 2 * 16_384 + 0.5 * needs.headRows * 200);
    const headsOfReader = 100 * 1.5 * 200;
    const heads = READERS * headsOfReader * (1 - 0.5 ** (1 + 16_384 / headsOfReader));
    const users = READERS * 1000 * (1 - 0.5 ** (1 + 16_384 / 1000));
    const tails = READERS * 0.5 * 2 * 16_384;
    expect(needs.workingSetBytes).toBeCloseTo(heads + users + tails + rowBytes * 0.02, -3);
    const everybody = scaleNeeds(READERS, costs, { ...assumed, activeShare: 1, openBooks: 1000 });
    expect(everybody.workingSetBytes).toBeCloseTo(everybody.diskBytes);
  });

  it('grows by the thousand with readers', () => {
    const more = scaleNeeds(READERS * 1000, costs, assumed);
    expect(more.workingSetBytes / needs.workingSetBytes).toBeCloseTo(1000);
    expect(more.diskBytes / needs.diskBytes).toBeCloseTo(1000);
    expect(more.serverCores / needs.serverCores).toBeCloseTo(1000);
  });

  // One term after the other: each must count, and only for what it is about.
  it.each([
    ['books', ['headRows', 'diskBytes', 'workingSetBytes']],
    ['booksAYear', ['headRows', 'diskBytes', 'diskAYearBytes', 'workingSetBytes']],
    ['otherPlaces', ['headRows', 'diskBytes', 'diskAYearBytes', 'workingSetBytes']],
    ['pushesADay', ['pushesASecond', 'serverCores', 'databaseCores', 'historyRows', 'diskBytes']],
    ['pullsADay', ['pullsASecond', 'serverCores', 'databaseCores']],
    ['openBooks', ['workingSetBytes']],
    ['peakFactor', ['pushesASecond', 'pullsASecond', 'serverCores', 'databaseCores', 'logBytesASecond']],
  ] as const)('more of %s needs more of %j', (name, grown) => {
    const more = scaleNeeds(READERS, costs, { ...assumed, [name]: assumed[name] * 1.5 });
    for (const figure of grown) expect(more[figure], figure).toBeGreaterThan(needs[figure] * 1.001);
  });

  it('has as many entries of the history as are kept of books and of days', () => {
    const few = scaleNeeds(READERS, costs, { ...assumed, historyPerDocument: 10 });
    expect(few.historyRows).toBeCloseTo(READERS * 40 * 10);
    const short = scaleNeeds(READERS, costs, { ...assumed, historyDays: 73 });
    expect(short.historyRows).toBeCloseTo(needs.historyRows / 5);
  });

  it('is nodes by what needs most of them, with their copies', () => {
    expect(needs).toMatchObject({ servers: 2, shards: 1, databaseNodes: 3, decidedBy: 'memory' });
    const many = READERS * 1000;
    const memory = scaleNeeds(many, costs, assumed);
    expect(memory.decidedBy).toBe('memory');
    expect(memory.shards).toBe(Math.ceil(memory.workingSetBytes / (64e9 * 0.75)));
    const disk = scaleNeeds(many, costs, { ...assumed, databaseDiskGb: 10 });
    expect(disk).toMatchObject({ decidedBy: 'disk', shards: Math.ceil(disk.diskBytes / (10e9 * 0.5)) });
    const slow = { ...costs, push: { ...costs.push, unknownDatabaseUs: 1e6 } };
    const cores = scaleNeeds(many, slow, assumed);
    expect(cores).toMatchObject({ decidedBy: 'cores', shards: Math.ceil(cores.databaseCores / 8) });
    expect(cores.databaseNodes).toBe(cores.shards * 3);
    const servers = scaleNeeds(many, { ...costs, pull: { ...costs.pull, unknownServerUs: 1e6 } }, assumed);
    expect(servers.servers).toBe(Math.ceil(servers.serverCores / 8));
  });
});

it('users and books are unknown when they are rarely asked for, or more than a server remembers', () => {
  expect(unknownShare(1000, 1000, 25_000)).toBeLessThan(0.001);
  expect(unknownShare(1_000_000, 1_000_000, 1)).toBeGreaterThan(0.98);
  expect(unknownShare(100_000, 100_000, 1e9)).toBeCloseTo(0.5);
  expect(unknownShare(100_000, 1000, 1e9)).toBeCloseTo(0.25);
});

describe('what was measured', () => {
  const figures = (serverUs: number, databaseUs: number): RequestFigures => ({
    requestsASecond: 1e6,
    serverUs,
    databaseUs,
    pagesRead: 1,
    logBytes: 1,
    pagesWritten: 0,
  });
  const sizeOf = (users: number, all: readonly [number, number]): MeasuredSize => ({
    users,
    books: users,
    rows: { user: users, head: users * 10, history: users * 10 },
    bytes: { user: users * 500, head: users * 2000, history: users * 1000 },
    all: { push: figures(...all), pull: figures(...all) },
    known: { push: figures(20, 10), pull: figures(20, 10) },
  });
  // Four of five users and books are unknown.
  const base = sizeOf(250_000, [28, 14]);

  it('says what a request costs that finds nothing remembered', () => {
    const { bytes, push } = costsOfSize(base);
    expect(push).toMatchObject({ serverUs: 20, databaseUs: 10 });
    expect(push.unknownServerUs).toBeCloseTo(30);
    expect(push.unknownDatabaseUs).toBeCloseTo(15);
    expect(bytes).toEqual({ user: 500, head: 200, history: 100 });
  });

  it('is held against what the costs predict for other sizes', () => {
    const sizes = [sizeOf(1000, [21, 11]), sizeOf(100_000, [26, 13])];
    const checks = checkScale({ base, sizes });
    expect(checks).toHaveLength(sizes.length * 7);
    const of = (headRows: number, figure: string) =>
      checks.find((check) => check.headRows === headRows && check.figure === figure);
    expect(of(10_000, 'head rows')).toMatchObject({ predicted: 2, measured: 2 });
    expect(of(10_000, 'history rows')).toMatchObject({ predicted: 1, measured: 1 });
    expect(of(10_000, 'push, server')?.measured).toBe(21);
    expect(of(10_000, 'push, server')?.predicted).toBeCloseTo(20);
    // Half of everything is unknown.
    expect(of(1_000_000, 'pull, server')?.predicted).toBeCloseTo(25);
    expect(of(1_000_000, 'pull, database')?.predicted).toBeCloseTo(12.5);
  });
});

describe('assumptions', () => {
  it('have a flag each, and a default that is allowed', () => {
    expect(assumptionsWith({})).toEqual(
      Object.fromEntries(ASSUMPTION_NAMES.map((name) => [name, ASSUMPTIONS[name].default])),
    );
    expect(flagOf('booksAYear')).toBe('books-a-year');
    expect(assumptionsWith({ pushesADay: '3' }).pushesADay).toBe(3);
  });

  it.each([
    ['books', 'many'],
    ['books', '0'],
    ['activeShare', '1.5'],
  ])('refuse %s %s', (name, value) => {
    expect(() => assumptionsWith({ [name]: value })).toThrow('takes a number above 0');
  });
});
