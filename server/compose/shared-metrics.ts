import { BroadcastChannel } from 'node:worker_threads';
import { AggregatorRegistry, type Registry } from 'prom-client';
import { withDeadline } from '../domain/deadline.js';

/** Messages between the threads of one server. `id` joins the answers to their question. */
type MetricsMessage =
  | { readonly type: 'ask'; readonly id: string }
  | { readonly type: 'answer'; readonly id: string; readonly metrics: MetricsJson };

type MetricsJson = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

/** A thread that does not answer within this time is left out of the sum. */
const ANSWER_TIMEOUT_MS = 500;
const CHANNEL = 'dogear-metrics';
/** Metrics of the whole process: every thread measures the same value, which must not be added up. */
const PROCESS_WIDE = /^dogear_process_/;

/**
 * The metrics of all threads that answer requests, added up. A scrape reaches any one of the threads, and the counters
 * of a single thread would seem to go up and down from scrape to scrape.
 */
export class SharedMetrics {
  readonly #registry: Registry;
  readonly #threads: number;
  #channel: BroadcastChannel | undefined;
  readonly #collecting = new Map<string, (metrics: MetricsJson) => void>();
  #asked = 0;

  constructor(registry: Registry, threads: number) {
    this.#registry = registry;
    this.#threads = threads;
    if (threads === 1) return;
    this.#channel = new BroadcastChannel(CHANNEL);
    this.#channel.unref();
    // Node.js's BroadcastChannel has no addEventListener in its types.
    // oxlint-disable-next-line unicorn/prefer-add-event-listener
    this.#channel.onmessage = (event: unknown) => {
      if (typeof event !== 'object' || event === null || !('data' in event)) return;
      // Only this class posts to the channel, and a BroadcastChannel does not leave the process.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      this.#receive(event.data as MetricsMessage);
    };
  }

  async text(): Promise<{ readonly contentType: string; readonly text: string }> {
    const own = this.#registry;
    if (this.#channel === undefined) return { contentType: own.contentType, text: await own.metrics() };
    const all = [await own.getMetricsAsJSON(), ...(await this.#others(this.#channel))];
    const joined = AggregatorRegistry.aggregate(all.map(ofProcessOnce));
    return { contentType: joined.contentType, text: await joined.metrics() };
  }

  close(): void {
    this.#channel?.close();
    // An answer may still be collected.
    this.#channel = undefined;
  }

  async #others(channel: BroadcastChannel): Promise<readonly MetricsJson[]> {
    const id = `${String(process.pid)}-${String(Math.random())}-${String(this.#asked++)}`;
    const answers: MetricsJson[] = [];
    const complete = new Promise<void>((resolve) => {
      this.#collecting.set(id, (metrics) => {
        if (answers.push(metrics) === this.#threads - 1) resolve();
      });
    });
    channel.postMessage({ type: 'ask', id } satisfies MetricsMessage);
    await withDeadline(complete, ANSWER_TIMEOUT_MS, () => undefined);
    this.#collecting.delete(id);
    return answers;
  }

  #receive(message: MetricsMessage): void {
    if (message.type === 'answer') this.#collecting.get(message.id)?.(message.metrics);
    else void this.#answer(message.id);
  }

  async #answer(id: string): Promise<void> {
    const metrics = await this.#registry.getMetricsAsJSON();
    this.#channel?.postMessage({ type: 'answer', id, metrics } satisfies MetricsMessage);
  }
}

/** `first` instead of a sum for the metrics of the process. */
function ofProcessOnce(metrics: MetricsJson): MetricsJson {
  return metrics.map((metric) =>
    PROCESS_WIDE.test(metric.name) ? { ...metric, aggregator: 'first' as const } : metric,
  );
}
