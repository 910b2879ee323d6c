import { createRequire } from 'node:module';
import { z } from 'zod';
import { createEngine } from '../../../engine/index.js';

// A separate program, because what the system refuses to a process stays refused. It forbids itself the call statx, as old
// containers do, hashes the books of a folder, and prints their paths. It exits with 3 where the system has no filters.
const PR_SET_SECCOMP = 22;
const PR_SET_NO_NEW_PRIVS = 38;
const FILTER_MODE = 2;
const STATX = process.arch === 'arm64' ? 291 : 332;
/** `struct sock_filter`: load the number of the call; if it is that of statx, return EPERM, else allow it. */
const FILTER: readonly (readonly [code: number, ifTrue: number, ifFalse: number, value: number])[] = [
  [0x20, 0, 0, 0],
  [0x15, 0, 1, STATX],
  [0x06, 0, 0, 0x0005_0001],
  [0x06, 0, 0, 0x7fff_0000],
];
const INSTRUCTION_BYTES = 8;

interface Koffi {
  load(path: null): { func(definition: string): (...parameters: number[]) => number };
  address(buffer: ArrayBuffer): bigint;
}
const koffi = z.custom<Koffi>().parse(createRequire(import.meta.url)('koffi'));
// Longer than needed: the garbage collector may move short buffers.
const instructions = Buffer.from(new ArrayBuffer(128));
for (const [index, [code, ifTrue, ifFalse, value]] of FILTER.entries()) {
  const at = INSTRUCTION_BYTES * index;
  instructions.writeUInt16LE(code, at);
  instructions.set([ifTrue, ifFalse], at + 2);
  instructions.writeUInt32LE(value, at + 4);
}
const filter = Buffer.from(new ArrayBuffer(128));
filter.writeUInt16LE(FILTER.length, 0);
filter.writeBigUInt64LE(koffi.address(instructions.buffer), 8);
const prctl = koffi
  .load(null)
  .func(
    'int prctl(int option, unsigned long first, uintptr_t second, unsigned long third, unsigned long fourth)',
  );
const isSet =
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) === 0 &&
  prctl(PR_SET_SECCOMP, FILTER_MODE, Number(koffi.address(filter.buffer)), 0, 0) === 0;
if (!isSet) process.exit(3);

const [root = ''] = process.argv.slice(2);
const engine = createEngine({ jobs: 1 });
const hashed: string[] = [];
const failures: unknown[] = [];
for await (const batch of engine.hash(root, engine.walk(root, { extensions: new Set(['epub']) }))) {
  for (let index = 0; index < batch.entries.length; index += 1) {
    const failure = batch.failureAt(index);
    const path = batch.entries.pathAt(index).toString();
    if (failure === undefined) hashed.push(path);
    else failures.push({ path, ...failure });
  }
}
await engine.close();
process.stdout.write(JSON.stringify({ hashed, failures, reads: engine.reads }));
