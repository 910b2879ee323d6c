import { createHash, hash } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

// Replaces partial-md5.c where there is no C compiler or no OpenSSL headers. It takes the same arguments and prints the
// same answer. Worker threads read synchronously and hash with node:crypto, the simplest way in Node. It shares no code
// with the engine.
//
//   node dist/bench/yardstick/partial-md5-node.js LIST THREADS

const WINDOW_BYTES = 1024;
const OFFSETS = [0, ...Array.from({ length: 11 }, (_, power) => WINDOW_BYTES * 4 ** power)];
const DIGEST_BYTES = 16;
const TAKEN_AT_ONCE = 32;

interface Shared {
  readonly list: string;
  /** The next file; the files that failed. */
  readonly counters: Int32Array<SharedArrayBuffer>;
  readonly digests: Uint8Array<SharedArrayBuffer>;
}

function pathsOf(list: string): Buffer[] {
  const bytes = readFileSync(list);
  const paths: Buffer[] = [];
  for (let start = 0, end = bytes.indexOf(0); end >= 0; start = end + 1, end = bytes.indexOf(0, start)) {
    paths.push(bytes.subarray(start, end));
  }
  return paths;
}

function hashFiles({ counters, digests }: Shared, paths: readonly Buffer[]): void {
  const message = Buffer.alloc(WINDOW_BYTES * OFFSETS.length);
  for (;;) {
    const first = Atomics.add(counters, 0, TAKEN_AT_ONCE);
    if (first >= paths.length) return;
    for (const [index, path] of paths.slice(first, first + TAKEN_AT_ONCE).entries()) {
      try {
        const digest = hash('md5', message.subarray(0, readMessage(path, message)), 'buffer');
        digests.set(digest, (first + index) * DIGEST_BYTES);
      } catch {
        Atomics.add(counters, 1, 1);
      }
    }
  }
}

function readMessage(path: Buffer, message: Buffer): number {
  const fd = openSync(path, 'r');
  try {
    let length = 0;
    for (const offset of OFFSETS) {
      const got = readSync(fd, message, length, WINDOW_BYTES, offset);
      length += got;
      if (got < WINDOW_BYTES) break;
    }
    return length;
  } finally {
    closeSync(fd);
  }
}

async function main(list: string, threads: number): Promise<void> {
  const paths = pathsOf(list);
  const shared: Shared = {
    list,
    counters: new Int32Array(new SharedArrayBuffer(8)),
    digests: new Uint8Array(new SharedArrayBuffer(paths.length * DIGEST_BYTES)),
  };
  const self = fileURLToPath(import.meta.url);
  const workers = Array.from({ length: threads }, () => new Worker(self, { workerData: shared }));
  await Promise.all(workers.map((worker) => message(worker)));
  const start = performance.now();
  const ends = workers.map((worker) => message(worker));
  for (const worker of workers) worker.postMessage('go');
  await Promise.all(ends);
  const seconds = (performance.now() - start) / 1000;
  const digest = createHash('md5').update(shared.digests).digest('hex');
  const failed = Atomics.load(shared.counters, 1);
  process.stdout.write(`${JSON.stringify({ files: paths.length, failed, threads, seconds, digest })}\n`);
}

function message(worker: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

if (isMainThread) {
  const [, , list, threads] = process.argv;
  if (list === undefined || !(Number(threads) >= 1))
    throw new Error('usage: partial-md5-node.js LIST THREADS');
  await main(list, Number(threads));
} else {
  const shared: Shared = workerData;
  const paths = pathsOf(shared.list);
  parentPort?.once('message', () => {
    hashFiles(shared, paths);
    parentPort?.postMessage('done');
  });
  parentPort?.postMessage('ready');
}
