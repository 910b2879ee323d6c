import { z } from 'zod';
import { costOf, ROW_KINDS, type RowKind, type ScaleCosts, unknownShare } from './scale-model.js';

const perRequest = z.object({
  /** How many a second the load made: it decides how many keys the server remembers. */
  requestsASecond: z.number(),
  serverUs: z.number(),
  databaseUs: z.number(),
  pagesRead: z.number(),
  logBytes: z.number(),
  pagesWritten: z.number(),
});
export type RequestFigures = z.infer<typeof perRequest>;

const byMode = z.object({ push: perRequest, pull: perRequest });

/** What was measured with a database of one size, whose pages are all in memory. */
const measuredSize = z.object({
  users: z.int(),
  /** That somebody reads. */
  books: z.int(),
  rows: z.object({ user: z.int(), head: z.int(), history: z.int() }),
  /** Of all tables and indexes that rows of the kind are written to, without what they have when they are empty. */
  bytes: z.object({ user: z.number(), head: z.number(), history: z.number() }),
  /** Requests of all users, and of a few whose keys are remembered. */
  all: byMode,
  known: byMode,
});
export type MeasuredSize = z.infer<typeof measuredSize>;

/** A fact of the record, under this name. */
export const SCALE_FACT = 'scale';
export const measuredScale = z.object({
  /** What the costs come from: more users than a server remembers. */
  base: measuredSize,
  /** What the costs are checked against, smaller and larger. */
  sizes: z.array(measuredSize),
});
export type MeasuredScale = z.infer<typeof measuredScale>;

/** The costs that a size gives: bytes a row, and what requests cost when all or nothing is remembered. */
export function costsOfSize({ users, books, rows, bytes, all, known }: MeasuredSize): ScaleCosts {
  const bytesOf = (kind: RowKind): number => bytes[kind] / rows[kind];
  const requestOf = (mode: 'push' | 'pull') => {
    const share = unknownShare(users, books, all[mode].requestsASecond);
    // With few users nearly everything is remembered: then the difference says nothing.
    const unknown = (part: 'serverUs' | 'databaseUs'): number =>
      share < LEAST_UNKNOWN_SHARE
        ? all[mode][part]
        : known[mode][part] + Math.max(0, all[mode][part] - known[mode][part]) / share;
    return {
      serverUs: known[mode].serverUs,
      databaseUs: known[mode].databaseUs,
      unknownServerUs: unknown('serverUs'),
      unknownDatabaseUs: unknown('databaseUs'),
      pagesRead: all[mode].pagesRead,
      logBytes: all[mode].logBytes,
      pagesWritten: all[mode].pagesWritten,
    };
  };
  return {
    bytes: { user: bytesOf('user'), head: bytesOf('head'), history: bytesOf('history') },
    push: requestOf('push'),
    pull: requestOf('pull'),
  };
}

const LEAST_UNKNOWN_SHARE = 0.2;

/** What was measured at a size, and what the costs say about it. */
export interface ScaleCheck {
  readonly headRows: number;
  readonly figure: string;
  readonly unit: 'MB' | 'µs';
  readonly predicted: number;
  readonly measured: number;
}

export function checkScale({ base, sizes }: MeasuredScale): ScaleCheck[] {
  const costs = costsOfSize(base);
  return sizes.flatMap((size) => checkSize(size, costs));
}

const MB = 1e6;
const PARTS = { server: 'serverUs', database: 'databaseUs' } as const;

function checkSize({ users, books, rows, bytes, all }: MeasuredSize, costs: ScaleCosts): ScaleCheck[] {
  const headRows = rows.head;
  return [
    ...ROW_KINDS.map((kind) => ({
      headRows,
      figure: `${kind} rows`,
      unit: 'MB' as const,
      predicted: (rows[kind] * costs.bytes[kind]) / MB,
      measured: bytes[kind] / MB,
    })),
    ...(['push', 'pull'] as const).flatMap((mode) =>
      (['server', 'database'] as const).map((part) => ({
        headRows,
        figure: `${mode}, ${part}`,
        unit: 'µs' as const,
        predicted: costOf(costs[mode], part, unknownShare(users, books, all[mode].requestsASecond)),
        measured: all[mode][PARTS[part]],
      })),
    ),
  ];
}
