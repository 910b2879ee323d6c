import type { SuiteName } from './arguments.js';
import type { BenchDatabase, MysqlServer } from './bench-databases.js';
import type { Checkout } from './checkout.js';
import type { AgainstOptions } from './sync/against-server.js';
import type { Finding } from './targets.js';

/** Position of a sample on the x axis of a plot. */
export interface AxisPlace {
  readonly axis: 'threads' | 'files' | 'connections' | 'percentile' | 'batch files';
  readonly value: number;
}

/** All samples of one figure of one side. */
export interface Series {
  readonly suite: SuiteName;
  /** What is measured, with the side: `hash warm: engine`. */
  readonly name: string;
  readonly unit: 'files/s' | 'requests/s' | 'ms' | 'µs' | 'MB' | 'MB/s' | 'calls/file';
  readonly samples: readonly number[];
  readonly at?: AxisPlace;
}

/** Paired ratios that no target is judged by. */
export interface Ratio {
  readonly suite: SuiteName;
  readonly name: string;
  readonly samples: readonly number[];
}

export type Fact = string | number | boolean | readonly Fact[] | { readonly [name: string]: Fact };

/** A picture for the record's folder, beside the plots. */
export interface Attachment {
  readonly name: string;
  /** In the summary. */
  readonly title: string;
  readonly content: string;
}

/** What the suites of a run found. */
export interface Findings {
  readonly series: Series[];
  readonly ratios: Ratio[];
  readonly targets: Finding[];
  /** Sentences for the summary: what was not measured, and why. */
  readonly notes: string[];
  readonly facts: Record<string, Fact>;
  readonly attachments: Attachment[];
}

export interface SuiteContext {
  readonly checkout: Checkout;
  readonly quick: boolean;
  /** Whether the page cache may be dropped. */
  readonly cold: boolean;
  readonly cacheFolder: string;
  /** Empty, on the disk of the cache, removed at the end of the run. */
  readonly workFolder: string;
  readonly books: number | undefined;
  /** A koreader-sync-server for the same load. */
  readonly against: AgainstOptions | undefined;
  /** A new, empty database file in the work folder. */
  sqlite(this: void): BenchDatabase;
  /** The MySQL server of the run, started at the first call; `undefined`, with a note, where none can be started. */
  mysql(this: void): Promise<MysqlServer | undefined>;
  readonly findings: Findings;
  /** Progress of the run, for the terminal. */
  log(this: void, line: string): void;
}

export function noFindings(): Findings {
  return { series: [], ratios: [], targets: [], notes: [], facts: {}, attachments: [] };
}
