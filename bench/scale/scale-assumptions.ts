import type { ScaleAssumptions } from './scale-model.js';

interface Assumption {
  readonly default: number;
  /** For the table and the usage. */
  readonly text: string;
}

/** The settings of `sync.history_…` have their defaults. The rest is guessed, from what KOReader does by default. */
export const ASSUMPTIONS: Readonly<Record<keyof ScaleAssumptions, Assumption>> = {
  books: { default: 50, text: 'books of a reader with a place, at the beginning' },
  booksAYear: { default: 25, text: 'books that a reader begins in a year' },
  otherPlaces: { default: 0.3, text: 'places of other devices for each of those books' },
  activeShare: { default: 0.4, text: 'part of the readers who read on a day' },
  // KOReader pushes when a book is closed or the device sleeps, and between if it is set so.
  pushesADay: { default: 20, text: 'pushes of such a reader on such a day' },
  pullsADay: { default: 10, text: 'pulls of such a reader on such a day' },
  openBooks: { default: 2, text: 'books that such a reader has open on such a day' },
  peakFactor: { default: 4, text: 'requests of the busiest second over those of an average one' },
  // Readers who push so rarely have moved by half a point or half an hour each time.
  keptShare: { default: 1, text: 'part of the pushes that become entries of the history' },
  historyPerDocument: { default: 200, text: 'entries that are kept for a book' },
  historyDays: { default: 400, text: 'days for which entries are kept' },
  busyShare: { default: 0.5, text: "part of a core's time that is used in the busiest second" },
  serverCores: { default: 8, text: 'cores of a server' },
  databaseCores: { default: 16, text: 'cores of a database node' },
  databaseMemoryGb: { default: 64, text: 'memory of a database node, GB' },
  poolShare: { default: 0.7, text: 'part of that memory that is the buffer pool' },
  databaseDiskGb: { default: 2000, text: 'disk of a database node, GB' },
  diskShare: { default: 0.7, text: 'part of that disk that may be full' },
  copies: { default: 3, text: 'nodes that hold the same rows' },
};

const SHARES: readonly (keyof ScaleAssumptions)[] = [
  'activeShare',
  'keptShare',
  'busyShare',
  'poolShare',
  'diskShare',
];

function isAssumption(name: string): name is keyof ScaleAssumptions {
  return Object.hasOwn(ASSUMPTIONS, name);
}

export const ASSUMPTION_NAMES = Object.keys(ASSUMPTIONS).filter(isAssumption);

/** `books-a-year` for `booksAYear`. */
export function flagOf(name: keyof ScaleAssumptions): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** @throws Error for what is no number above 0, and for a part above 1 */
export function assumptionsWith(
  given: Readonly<Partial<Record<keyof ScaleAssumptions, string>>>,
): ScaleAssumptions {
  const valueOf = (name: keyof ScaleAssumptions): number => {
    const text = given[name];
    if (text === undefined) return ASSUMPTIONS[name].default;
    const value = Number(text);
    const isShare = SHARES.includes(name);
    if (!(value > 0) || !Number.isFinite(value) || (isShare && value > 1)) {
      throw new Error(
        `--${flagOf(name)} takes a number above 0${isShare ? ', 1 at most' : ''}, not "${text}"`,
      );
    }
    return value;
  };
  return {
    books: valueOf('books'),
    booksAYear: valueOf('booksAYear'),
    otherPlaces: valueOf('otherPlaces'),
    activeShare: valueOf('activeShare'),
    pushesADay: valueOf('pushesADay'),
    pullsADay: valueOf('pullsADay'),
    openBooks: valueOf('openBooks'),
    peakFactor: valueOf('peakFactor'),
    keptShare: valueOf('keptShare'),
    historyPerDocument: valueOf('historyPerDocument'),
    historyDays: valueOf('historyDays'),
    busyShare: valueOf('busyShare'),
    serverCores: valueOf('serverCores'),
    databaseCores: valueOf('databaseCores'),
    databaseMemoryGb: valueOf('databaseMemoryGb'),
    poolShare: valueOf('poolShare'),
    databaseDiskGb: valueOf('databaseDiskGb'),
    diskShare: valueOf('diskShare'),
    copies: valueOf('copies'),
  };
}
