/** What a request costs. */
export interface RequestCost {
  /** Processor time of Dogear, and of the database, when the user's key and the book were asked for in the last seconds. */
  readonly serverUs: number;
  readonly databaseUs: number;
  /** The same when they were not, so that they are read from the database first. */
  readonly unknownServerUs: number;
  readonly unknownDatabaseUs: number;
  /** Pages of the buffer pool that the database looks at. */
  readonly pagesRead: number;
  /** Bytes of its log, and pages that it writes to its files. */
  readonly logBytes: number;
  readonly pagesWritten: number;
}

/** What the model takes from measurements. Bytes of a row are those in the files of InnoDB, with all indexes. */
export interface ScaleCosts {
  readonly bytes: Readonly<Record<RowKind, number>>;
  readonly push: RequestCost;
  readonly pull: RequestCost;
}

/** A user with an API key; the newest place of a user in a book; an entry of the history. */
export const ROW_KINDS = ['user', 'head', 'history'] as const;
export type RowKind = (typeof ROW_KINDS)[number];

/** What nobody can measure here. Each has a flag of its own; scale-assumptions.ts says where the defaults come from. */
export interface ScaleAssumptions {
  /** Books of a reader with a place. */
  readonly books: number;
  /** Books that a reader begins in a year: they are added to those. */
  readonly booksAYear: number;
  /** Places that other devices of the reader keep, for each book: those that were not the last to push. */
  readonly otherPlaces: number;
  /** Part of all readers who read on a day. */
  readonly activeShare: number;
  /** Of such a reader on such a day. */
  readonly pushesADay: number;
  readonly pullsADay: number;
  /** Books that such a reader has open on such a day. */
  readonly openBooks: number;
  /** Requests of the busiest second over those of an average one. */
  readonly peakFactor: number;
  /** Part of the pushes that become entries of the history. */
  readonly keptShare: number;
  /** Entries that are kept for a book, and for how many days: the settings of the same names. */
  readonly historyPerDocument: number;
  readonly historyDays: number;
  /** Part of a core's time that is used in the busiest second. */
  readonly busyShare: number;
  readonly serverCores: number;
  readonly databaseCores: number;
  readonly databaseMemoryGb: number;
  /** Part of a database node's memory that is its buffer pool. */
  readonly poolShare: number;
  readonly databaseDiskGb: number;
  /** Part of a node's disk that may be full. */
  readonly diskShare: number;
  /** Nodes that hold the same rows: one that takes the writes, and its replicas. */
  readonly copies: number;
}

export interface ScaleNeeds {
  readonly readers: number;
  /** In the busiest second. */
  readonly pushesASecond: number;
  readonly pullsASecond: number;
  /** Cores that are needed at the busy share, and the nodes that have them: at least two, so that one may fail. */
  readonly serverCores: number;
  readonly servers: number;
  readonly databaseCores: number;
  /** Pages that must be in memory so that no request of the day waits for the disk. */
  readonly workingSetBytes: number;
  /** After a year, one copy. */
  readonly headRows: number;
  readonly historyRows: number;
  readonly diskBytes: number;
  /** How much of it was added in the year. */
  readonly diskAYearBytes: number;
  /** In the busiest second, all shards together, one copy. */
  readonly logBytesASecond: number;
  readonly pagesWrittenASecond: number;
  /** Shards by what needs most of them, and which that is. */
  readonly shards: number;
  readonly decidedBy: 'cores' | 'memory' | 'disk';
  /** Shards times copies. */
  readonly databaseNodes: number;
}

const PAGE_BYTES = 16_384;
const SECONDS_A_DAY = 86_400;
const DAYS_A_YEAR = 365;
const GB = 1e9;
const LEAST_SERVERS = 2;
/** Of every level of a B-tree but the lowest: some hundredth of it, rounded up. */
const UPPER_PAGES_SHARE = 0.02;

/**
 * For how long a server has been asked for keys and books when a request of a measurement comes, on average: it begins with
 * nothing, and the measurements take seconds. It remembers for minutes what nobody changes.
 */
const REMEMBERED_SECONDS = 4;
/** Keys and books that it remembers: see server/accounts/accounts.ts and server/sync/sync-store.ts. */
const REMEMBERED_ENTRIES = 50_000;

/** What so many readers need. All of it is arithmetic: nothing is measured here. */
export function scaleNeeds(readers: number, costs: ScaleCosts, assumed: ScaleAssumptions): ScaleNeeds {
  const active = readers * assumed.activeShare;
  const perSecond = (aDay: number): number => ((active * aDay) / SECONDS_A_DAY) * assumed.peakFactor;
  const pushesASecond = perSecond(assumed.pushesADay);
  const pullsASecond = perSecond(assumed.pullsADay);
  const coresOf = (part: 'server' | 'database'): number =>
    (pushesASecond * costOf(costs.push, part, 1) + pullsASecond * costOf(costs.pull, part, 1)) /
    1e6 /
    assumed.busyShare;
  const serverCores = coresOf('server');
  const databaseCores = coresOf('database');
  const headRows = readers * placesOf(assumed, assumed.books + assumed.booksAYear);
  const historyRows = readers * historyOfReader(assumed, assumed.historyDays);
  const diskBytes =
    readers * costs.bytes.user + headRows * costs.bytes.head + historyRows * costs.bytes.history;
  const workingSetBytes = workingSet(readers, costs, assumed);
  const needed = {
    cores: databaseCores / assumed.databaseCores,
    memory: workingSetBytes / (assumed.databaseMemoryGb * GB * assumed.poolShare),
    disk: diskBytes / (assumed.databaseDiskGb * GB * assumed.diskShare),
  };
  const shards = Math.max(1, ...Object.values(needed).map(Math.ceil));
  return {
    readers,
    pushesASecond,
    pullsASecond,
    serverCores,
    servers: Math.max(LEAST_SERVERS, Math.ceil(serverCores / assumed.serverCores)),
    databaseCores,
    workingSetBytes,
    headRows,
    historyRows,
    diskBytes,
    diskAYearBytes:
      readers *
      (placesOf(assumed, assumed.booksAYear) * costs.bytes.head +
        historyOfReader(assumed, DAYS_A_YEAR) * costs.bytes.history),
    logBytesASecond: pushesASecond * costs.push.logBytes + pullsASecond * costs.pull.logBytes,
    pagesWrittenASecond: pushesASecond * costs.push.pagesWritten + pullsASecond * costs.pull.pagesWritten,
    shards,
    decidedBy: mostNeeded(needed),
    databaseNodes: shards * assumed.copies,
  };
}

function mostNeeded(needed: Readonly<Record<ScaleNeeds['decidedBy'], number>>): ScaleNeeds['decidedBy'] {
  const most = Math.max(...Object.values(needed));
  return needed.cores === most ? 'cores' : needed.memory === most ? 'memory' : 'disk';
}

/** @param share part of what is asked for that the server does not remember; 1 for real readers, who come rarely */
export function costOf(cost: RequestCost, part: 'server' | 'database', share: number): number {
  const [known, unknown] =
    part === 'server' ? [cost.serverUs, cost.unknownServerUs] : [cost.databaseUs, cost.unknownDatabaseUs];
  return known + (unknown - known) * share;
}

/**
 * Part of what requests ask for that the server does not remember, when all users and all books are asked for alike. A key
 * and a book count the same.
 */
export function unknownShare(users: number, books: number, requestsASecond: number): number {
  return (forgottenShare(users, requestsASecond) + forgottenShare(books, requestsASecond)) / 2;
}

function forgottenShare(count: number, requestsASecond: number): number {
  const notAskedFor = Math.exp((-requestsASecond * REMEMBERED_SECONDS) / count);
  return Math.max(notAskedFor, 1 - REMEMBERED_ENTRIES / count);
}

/** The rows of a reader with so many books. Those of other devices are as long as the newest. */
function placesOf({ otherPlaces }: ScaleAssumptions, books: number): number {
  return books * (1 + otherPlaces);
}

/** Entries of a reader who has read for `days`, or for as long as they are kept. */
function historyOfReader(assumed: ScaleAssumptions, days: number): number {
  const years = Math.min(days, assumed.historyDays) / DAYS_A_YEAR;
  const pushed = assumed.activeShare * assumed.pushesADay * assumed.keptShare * DAYS_A_YEAR * years;
  // Of the books that were read in that time. One is always under way.
  return Math.min(pushed, Math.max(1, assumed.booksAYear * years) * assumed.historyPerDocument);
}

/**
 * The pages that the active readers of a day need: those of their heads, where the rows of a user lie side by side, the
 * last page of the history of each open book, their users and keys, and the upper pages of all.
 */
function workingSet(readers: number, { bytes }: ScaleCosts, assumed: ScaleAssumptions): number {
  const headBytesOfReader = placesOf(assumed, assumed.books + assumed.booksAYear) * bytes.head;
  const historyBytes = readers * historyOfReader(assumed, assumed.historyDays) * bytes.history;
  const rowBytes = readers * (headBytesOfReader + bytes.user) + historyBytes;
  const needed =
    readers * headBytesOfReader * neededShare(headBytesOfReader, assumed.activeShare) +
    readers * bytes.user * neededShare(bytes.user, assumed.activeShare) +
    Math.min(historyBytes, readers * assumed.activeShare * assumed.openBooks * PAGE_BYTES);
  return Math.min(rowBytes, needed + rowBytes * UPPER_PAGES_SHARE);
}

/** Part of the pages that hold something of an active reader, when each reader has so many bytes side by side somewhere. */
function neededShare(bytesOfReader: number, activeShare: number): number {
  // The bytes of a reader begin anywhere in a page, so that a page has something of one reader more than fit into it.
  return 1 - (1 - activeShare) ** (1 + PAGE_BYTES / bytesOfReader);
}
