import { createHash } from 'node:crypto';
import type * as EngineModule from '../../engine/index.js';
import type { Engine, EngineOptions, EntryBatch, HashedBatch } from '../../engine/index.js';
import {
  type EngineAnswer,
  engineAnswer,
  type EngineProbeOptions,
  engineProbeOptions,
  type EngineTask,
  engineTask,
} from './engine-messages.js';

// A process for one engine of this or another checkout. It measures a pass whenever its parent asks for one. Memory of
// other measurements cannot slow it down, and its peak memory is that of the engine alone.
//
//   node engine-probe.js OPTIONS          started with an IPC channel; see engine-messages.ts

const BYTES_A_DIGEST = 16;

type EngineApi = typeof EngineModule;

/** Batches, each with the number of files before it. */
type Walked = ReadonlyMap<EntryBatch, number>;

class EngineProbe {
  readonly #api: EngineApi;
  readonly #options: EngineProbeOptions;
  readonly #walked: Walked;
  #kept: Engine | undefined;

  constructor(api: EngineApi, options: EngineProbeOptions, walked: Walked) {
    this.#api = api;
    this.#options = options;
    this.#walked = walked;
  }

  async run(task: EngineTask): Promise<EngineAnswer> {
    switch (task) {
      case 'hash':
        this.#kept ??= this.#newEngine();
        return this.#measure(this.#kept, (engine) => this.#hashWalked(engine));
      case 'hash-fresh':
        return this.#withFresh((engine) => this.#hashWalked(engine));
      case 'walk':
        return this.#withFresh((engine) => this.#walk(engine));
      case 'walk-and-hash':
        return this.#withFresh((engine) => this.#walkAndHash(engine));
      default:
        return task satisfies never;
    }
  }

  async close(): Promise<void> {
    await this.#kept?.close();
  }

  #newEngine(): Engine {
    const { jobs, md5, reads } = this.#options;
    const options: EngineOptions = {
      ...(jobs === undefined ? {} : { jobs }),
      ...(md5 === undefined ? {} : { md5 }),
      ...(reads === undefined ? {} : { reads }),
    };
    return this.#api.createEngine(options);
  }

  /** The measured time begins before the engine is made. */
  async #withFresh(pass: (engine: Engine) => Promise<PassCounts>): Promise<EngineAnswer> {
    const startMs = performance.now();
    const engine = this.#newEngine();
    try {
      return await this.#measure(engine, pass, startMs);
    } finally {
      await engine.close();
    }
  }

  async #measure(
    engine: Engine,
    pass: (engine: Engine) => Promise<PassCounts>,
    startMs = performance.now(),
  ): Promise<EngineAnswer> {
    const { files, failed, hashed, endMs } = await pass(engine);
    const status: { readonly jobs: number; readonly tunerCurve?: unknown } = engine.status();
    const { reads }: { readonly reads?: Engine['reads'] } = engine;
    return engineAnswer.parse({
      files,
      failed,
      seconds: (endMs - startMs) / 1000,
      digest: digestOf(hashed, this.#walked),
      md5KernelName: engine.md5KernelName,
      // Older engines have system calls only, and no such property.
      readsName: reads?.name ?? 'system-calls',
      jobs: status.jobs,
      // Missing in older engines.
      tunerCurve: status.tunerCurve ?? [],
      maxRssBytes: process.resourceUsage().maxRSS * 1024,
    });
  }

  async #hashWalked(engine: Engine): Promise<PassCounts> {
    return drain(engine.hash(this.#options.library, this.#walked.keys()));
  }

  async #walkAndHash(engine: Engine): Promise<PassCounts> {
    const entries = engine.walk(this.#options.library, { extensions: this.#api.KOREADER_EXTENSIONS });
    return { ...(await drain(engine.hash(this.#options.library, entries))), hashed: [] };
  }

  async #walk(engine: Engine): Promise<PassCounts> {
    let files = 0;
    for await (const batch of engine.walk(this.#options.library, {
      extensions: this.#api.KOREADER_EXTENSIONS,
    })) {
      files += batch.length;
    }
    return { files, failed: 0, hashed: [], endMs: performance.now() };
  }
}

interface PassCounts {
  readonly files: number;
  readonly failed: number;
  readonly hashed: readonly HashedBatch[];
  readonly endMs: number;
}

async function drain(batches: AsyncIterable<HashedBatch>): Promise<PassCounts> {
  const hashed: HashedBatch[] = [];
  let files = 0;
  for await (const batch of batches) {
    hashed.push(batch);
    files += batch.entries.length;
  }
  const endMs = performance.now();
  let failed = 0;
  for (const batch of hashed) {
    for (let index = 0; index < batch.entries.length; index += 1) {
      if (batch.failureAt(index) !== undefined) failed += 1;
    }
  }
  return { files, failed, hashed, endMs };
}

function digestOf(hashed: readonly HashedBatch[], walked: Walked): string {
  if (hashed.length === 0) return '';
  const inOrder = hashed.toSorted(
    (left, right) => (walked.get(left.entries) ?? 0) - (walked.get(right.entries) ?? 0),
  );
  const all = createHash('md5');
  for (const { entries, partialMd5 } of inOrder) {
    all.update(partialMd5.subarray(0, entries.length * BYTES_A_DIGEST));
  }
  return all.digest('hex');
}

async function walkLibrary(
  api: EngineApi,
  { library, maxFiles = Infinity, walksAhead }: EngineProbeOptions,
): Promise<Walked> {
  const walked = new Map<EntryBatch, number>();
  if (walksAhead === false) return walked;
  const engine = api.createEngine({});
  let files = 0;
  try {
    for await (const batch of engine.walk(library, { extensions: api.KOREADER_EXTENSIONS })) {
      const room = maxFiles - files;
      const part =
        batch.length <= room ? batch : batch.select(Array.from({ length: room }, (_, index) => index));
      if (part.length > 0) walked.set(part, files);
      files += part.length;
      if (files >= maxFiles) break;
    }
  } finally {
    await engine.close();
  }
  return walked;
}

async function main(): Promise<void> {
  const options = engineProbeOptions.parse(JSON.parse(process.argv[2] ?? 'null'));
  const api: EngineApi = await import(options.engineModule);
  const probe = new EngineProbe(api, options, await walkLibrary(api, options));
  process.on('message', (message) => {
    probe.run(engineTask.parse(message)).then(
      (answer) => process.send?.(answer),
      (error: unknown) => {
        process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
        process.exit(1);
      },
    );
  });
  process.once('disconnect', () => void probe.close());
  process.send?.('ready');
}

await main();
