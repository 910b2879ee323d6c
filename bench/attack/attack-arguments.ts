import { parseArgs } from 'node:util';
import { DATABASE_KINDS, type DatabaseKind } from '../bench-databases.js';
import { namesOf } from '../served/name-lists.js';
import { MEASURED_ATTACKS, type MeasuredAttack } from './attack-rounds.js';

export interface AttackArguments {
  readonly attacks: readonly MeasuredAttack[];
  readonly databases: readonly DatabaseKind[];
  /** Of each side of a round. */
  readonly seconds: number;
  readonly rounds: number;
  /** The largest number of devices that push one document. */
  readonly devices: number;
}

export const ATTACK_USAGE = `usage: npm run bench:attack -- [OPTION...]

  --seconds N          of each side of a round: without the attack, and with it (default: 5)
  --rounds N           (default: 3)
  --devices N          the largest number of devices that push one document (default: 100000)
  --attacks LIST       separated by commas (default: all):
                       ${MEASURED_ATTACKS.join(', ')}
  --databases LIST     ${DATABASE_KINDS.join(',')} (default: both)
`;

/** @throws Error whose message says what is wrong with the arguments */
export function parseAttackArguments(args: readonly string[]): AttackArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '5' },
      rounds: { type: 'string', default: '3' },
      devices: { type: 'string', default: '100000' },
      attacks: { type: 'string' },
      databases: { type: 'string', default: DATABASE_KINDS.join(',') },
    },
  });
  return {
    attacks:
      values.attacks === undefined
        ? MEASURED_ATTACKS
        : namesOf('--attacks', values.attacks, MEASURED_ATTACKS),
    databases: namesOf('--databases', values.databases, DATABASE_KINDS),
    seconds: wholeNumber('--seconds', values.seconds),
    rounds: wholeNumber('--rounds', values.rounds),
    devices: wholeNumber('--devices', values.devices),
  };
}

function wholeNumber(flag: string, text: string): number {
  const value = Number(text);
  if (!(Number.isInteger(value) && value >= 1)) throw new Error(`${flag} takes a whole number from 1 on`);
  return value;
}
