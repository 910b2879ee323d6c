import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { killedWithBench } from '../child-process.js';
import { attackReport, type AttackReport, type AttackTask } from './attack-task.js';

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
