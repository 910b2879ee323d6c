import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { killedWithBench } from '../child-process.js';
import type { AttackName } from './attacks.js';

/** Hostile clients come from an address of their own, so that honest ones are not throttled with them. */
export const HOSTILE_ADDRESS = '127.0.0.2';

export interface AttackTask {
  readonly port: number;
  /** All at once. */
  readonly attacks: readonly AttackName[];
  /** Pause of each client between two attempts. */
  readonly pauseMs: number;
  /** Of a user of the attacker's own. */
  readonly keyPath: string;
  readonly key: string;
  /** The document that is pushed with many devices, and the one whose positions are to be translated. */
  readonly document: string;
}

export const attackReport = z.object({
  opened: z.int(),
  /** Connections that the server closed. */
  closed: z.int(),
  /** Answers by status, as far as they were read. */
  answers: z.record(z.string(), z.int()),
  /** Pushes that were stored though their connection ended without an answer. */
  storedUnanswered: z.int(),
  /** Requests with doubtful framing in their headers that were answered 200. */
  believed: z.int(),
});
export type AttackReport = z.infer<typeof attackReport>;

export interface Attacker {
  /** Ends the attack and its process. */
  stop(): Promise<AttackReport>;
}

/** Hostile clients in a process of their own, so that their work is not measured as the server's. */
export function startAttacker(task: AttackTask): Attacker {
  const child = fork(fileURLToPath(new URL('attacker-process.js', import.meta.url)));
  killedWithBench(child);
  child.send(task);
  return {
    stop: async () => {
      const answer = Promise.race([
        once(child, 'message'),
        once(child, 'exit').then(() => Promise.reject(new Error('the attacking process has ended'))),
      ]);
      child.send('stop');
      const report = attackReport.parse((await answer)[0]);
      child.kill('SIGKILL');
      return report;
    },
  };
}
