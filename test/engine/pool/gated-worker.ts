import { threadId } from 'node:worker_threads';

export interface GatedTask {
  /** [0] is incremented when a thread begins the task. */
  readonly begun: Int32Array<SharedArrayBuffer>;
  /** The task ends when [0] is not 0. Absent: the task ends its thread. */
  readonly gate?: Int32Array<SharedArrayBuffer>;
}

/** Waits until the gate is opened. @returns the id of the thread */
export default function run({ begun, gate }: GatedTask): number {
  Atomics.add(begun, 0, 1);
  if (gate === undefined) process.exit(3);
  Atomics.wait(gate, 0, 0);
  return threadId;
}
