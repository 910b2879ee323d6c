import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { DATABASE_KINDS, type DatabaseKind } from '../bench-databases.js';
import { namesOf } from '../served/name-lists.js';
import { FAULT_NAMES, type FaultName } from './faults.js';

export interface SoakArguments {
  /** Of both databases together. */
  readonly minutes: number;
  readonly databases: readonly DatabaseKind[];
  readonly faults: readonly FaultName[];
  /** Absolute path of the folder where the servers' logs are kept. */
  readonly logFolder: string | undefined;
}

export const SOAK_USAGE = `usage: npm run soak -- [OPTION...]

  --minutes N          how long readers push and pull, half of it on each database (default: 30)
  --databases LIST     ${DATABASE_KINDS.join(',')} (default: both)
  --faults LIST        separated by commas (default: all): ${FAULT_NAMES.join(', ')}
  --logs FOLDER        keeps the servers' logs there
`;

/** @throws Error whose message says what is wrong with the arguments */
export function parseSoakArguments(args: readonly string[]): SoakArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '30' },
      databases: { type: 'string', default: DATABASE_KINDS.join(',') },
      faults: { type: 'string', default: FAULT_NAMES.join(',') },
      logs: { type: 'string' },
    },
  });
  const minutes = Number(values.minutes);
  if (!(minutes > 0 && minutes <= 10_000)) throw new Error('--minutes takes a number of minutes');
  return {
    minutes,
    databases: namesOf('--databases', values.databases, DATABASE_KINDS),
    faults: namesOf('--faults', values.faults, FAULT_NAMES),
    logFolder: values.logs === undefined ? undefined : resolve(values.logs),
  };
}
