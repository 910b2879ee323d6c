import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { FORGOTTEN, type Forgotten } from '../sync/retention.js';
import { DURATION_BUCKETS, RouteTallies } from './route-tallies.js';

/** Values that are read when the metrics are requested. */
export interface MeasuredState {
  activeRequests(): number;
  waitingPushes(): number;
  waitingPulls(): number;
  waitingHistory(): number;
  rememberedKeys(): number;
  rememberedUsers(): number;
  rememberedPasswords(): number;
}

/** Rows of a commit and keys of a read, up to the most that the queues put into one. */
const BATCH_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

/** The metrics of one thread that answers requests. Times are in seconds, as Prometheus wants them. */
export class Metrics {
  readonly registry = new Registry();
  readonly #requests: RouteTallies;
  readonly #commitRows: Histogram;
  readonly #commitDurations: Histogram;
  readonly #readKeys: Histogram;
  readonly #readDurations: Histogram;
  readonly #forgotten: Counter<'what'>;
  /** Since the metrics were read. A plain number: entries are lost one by one, as fast as pushes come. */
  #historyKept = 0;
  #historyLost = 0;

  constructor(state: MeasuredState) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry, prefix: 'dogear_' });
    const requests: Counter<'route' | 'status'> = new Counter({
      name: 'dogear_http_requests_total',
      help: 'Requests by route and status; 499 means that the client left.',
      labelNames: ['route', 'status'],
      registers,
      collect: () => {
        this.#requests.takeStatuses((route, status, count) =>
          requests.inc({ route, status: String(status) }, count),
        );
      },
    });
    this.#requests = new RouteTallies(
      'dogear_http_request_duration_seconds',
      'From headers to answer.',
      registers,
    );
    this.#commitRows = histogram('commit_rows', 'Pushes that shared a commit.', registers, BATCH_BUCKETS);
    this.#commitDurations = histogram('commit_duration_seconds', 'Commits of pushes.', registers);
    this.#readKeys = histogram('read_keys', 'Documents that shared a read.', registers, BATCH_BUCKETS);
    this.#readDurations = histogram('read_duration_seconds', 'Reads of progress.', registers);
    this.#forgotten = new Counter({
      name: 'dogear_forgotten_total',
      help: 'What was forgotten past the bounds of a user: documents, devices, positions of devices, entries of the history.',
      labelNames: ['what'],
      registers,
    });
    for (const what of FORGOTTEN) this.#forgotten.inc({ what }, 0);
    const history: Counter<'what'> = new Counter({
      name: 'dogear_history_entries_total',
      help: 'Entries of the history of progress that were kept, or lost because the database did not take them in time.',
      labelNames: ['what'],
      registers,
      collect: () => {
        history.inc({ what: 'kept' }, this.#historyKept);
        history.inc({ what: 'lost' }, this.#historyLost);
        this.#historyKept = 0;
        this.#historyLost = 0;
      },
    });
    gauge('http_active_requests', 'Requests not answered yet.', registers, () => state.activeRequests());
    gauge('pushes_waiting', 'Pushes that wait for a commit.', registers, () => state.waitingPushes());
    gauge('pulls_waiting', 'Documents whose pulls wait for a read.', registers, () => state.waitingPulls());
    gauge('history_waiting', 'Entries of the history of progress that are not written yet.', registers, () =>
      state.waitingHistory(),
    );
    gauge('remembered_api_keys', 'API keys remembered.', registers, () => state.rememberedKeys());
    gauge('remembered_users', 'Users remembered.', registers, () => state.rememberedUsers());
    gauge('remembered_passwords', 'Verified passwords remembered.', registers, () =>
      state.rememberedPasswords(),
    );
  }

  answered(route: string, status: number, durationMs: number): void {
    this.#requests.count(route, status, durationMs / 1000);
  }

  committed(rows: number, durationMs: number): void {
    this.#commitRows.observe(rows);
    this.#commitDurations.observe(durationMs / 1000);
  }

  forgot(what: Forgotten, count: number): void {
    this.#forgotten.inc({ what }, count);
  }

  keptHistory(count: number): void {
    this.#historyKept += count;
  }

  lostHistory(count: number): void {
    this.#historyLost += count;
  }

  read(keys: number, durationMs: number): void {
    this.#readKeys.observe(keys);
    this.#readDurations.observe(durationMs / 1000);
  }
}

function histogram(
  name: string,
  help: string,
  registers: Registry[],
  buckets: number[] = DURATION_BUCKETS,
): Histogram {
  return new Histogram({ name: `dogear_${name}`, help, registers, buckets });
}

function gauge(name: string, help: string, registers: Registry[], read: () => number): void {
  const made: Gauge = new Gauge({
    name: `dogear_${name}`,
    help,
    registers,
    collect: () => {
      made.set(read());
    },
  });
}
