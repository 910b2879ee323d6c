import { BroadcastChannel } from 'node:worker_threads';
import { AggregatorRegistry, type Registry } from 'prom-client';

/** What the threads of one server say to each other. */
type MetricsMessage =
  | { readonly type: 'ask'; readonly id: string }
  | { readonly type: 'answer'; readonly id: string; readonly metrics: MetricsJson };

type MetricsJson = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

/** A thread that is too busy to answer within this time is left out of the sum. */
const PATIENCE_MS = 500;
const CHANNEL = 'dogear-metrics';
/** What the system says of the whole process: every thread measures the same, and a sum would be a multiple of it. */
const PROCESS_WIDE = /^dogear_process_/;

/**
 * Joins the measurements of all threads that answer requests: a scrape reaches any one of them, and counters
 * that jump from thread to thread would be worthless.
 */
export class SharedMetrics {
  readonly #registry: Registry;
  readonly #threads: number;
  readonly #channel: BroadcastChannel | undefined;
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
      // Only threads of this process reach the channel, with this class's own messages.
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
  }

  #others(channel: BroadcastChannel): Promise<readonly MetricsJson[]> {
    const id = `${String(process.pid)}-${String(Math.random())}-${String(this.#asked++)}`;
    return new Promise((resolve) => {
      const answers: MetricsJson[] = [];
      const finish = (): void => {
        clearTimeout(timer);
        this.#collecting.delete(id);
        resolve(answers);
      };
      const timer = setTimeout(finish, PATIENCE_MS);
      this.#collecting.set(id, (metrics) => {
        if (answers.push(metrics) === this.#threads - 1) finish();
      });
      channel.postMessage({ type: 'ask', id } satisfies MetricsMessage);
    });
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

function ofProcessOnce(metrics: MetricsJson): MetricsJson {
  return metrics.map((metric) =>
    PROCESS_WIDE.test(metric.name) ? { ...metric, aggregator: 'first' as const } : metric,
  );
}
