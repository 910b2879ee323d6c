import type { AttackTask } from './attack-task.js';
import { AttackTally, ATTACKS } from './attacks.js';

// Process of the hostile clients. The first message is the task; at the message `stop` it answers with its report.

const tally = new AttackTally();

process.on('message', (message: AttackTask | 'stop') => {
  if (message === 'stop') {
    void tally.report().then((report) => process.send?.(report));
    return;
  }
  for (const name of message.attacks) ATTACKS[name](message, tally);
});
// Without its parent nobody wants the attack.
process.once('disconnect', () => process.exit());
