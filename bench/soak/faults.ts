import type { DatabaseFault } from '../../server/database/database-fault.js';
import type { DogearServer } from '../served/dogear-server.js';
import { lockDatabase, type SoakDatabase } from './soak-database.js';

export const FAULT_NAMES = [
  'none',
  'database stopped',
  'database killed',
  'database frozen',
  'database locked',
  'disk full',
  'clock stepped back',
  'clock stepped forth',
  'server stopped',
  'server killed',
  'connections cut',
] as const;
export type FaultName = (typeof FAULT_NAMES)[number];

/** Something that happens to the program or to its database while readers push and pull. */
export interface Fault {
  readonly name: FaultName;
  /** A line of the log that names it. `undefined`: there is nothing to name, or nobody who could. */
  readonly named: RegExp | undefined;
  /** Whether it lasts until some requests have failed. */
  readonly isFelt: boolean;
  /** How long it lasts at least, in ms. */
  readonly leastMs: number;
  /** Whether readers cut connections meanwhile. */
  readonly isCutting: boolean;
  /** Whether new documents with long positions are pushed meanwhile, which take room. */
  readonly isGrowing: boolean;
  /** Whether the memory of the server's process is new after it. */
  readonly endsServer: boolean;
  begin(): Promise<void>;
  end(): Promise<void>;
}

/** An hour, as a wrong time zone or a failover to a machine with a wrong clock does. */
const STEP_SECONDS = 3600;
/** The program looks at the clock of its database every five seconds, and the false clock steps within one. */
const CLOCK_MS = 8000;
const NOTHING = (): Promise<void> => Promise.resolve();
const QUIET = { isFelt: false, leastMs: 0, isCutting: false, isGrowing: false, endsServer: false };

/** A line of the log that names one of these faults of the database. Words such as "lock" stand in other lines too. */
function reasonPattern(...reasons: readonly DatabaseFault[]): RegExp {
  return new RegExp(`"reason":"(?:${reasons.join('|')})"`);
}

/** @returns the faults, or a sentence that says why this database or machine cannot have it */
export function faultsOf(
  database: SoakDatabase,
  server: DogearServer,
): ReadonlyMap<FaultName, Fault | string> {
  const { server: mysql, file, disk, clock } = database;
  const faults = new Map<FaultName, Fault | string>();
  const add = (fault: Fault): void => void faults.set(fault.name, fault);

  add({ ...QUIET, name: 'none', named: undefined, begin: NOTHING, end: NOTHING });

  if (mysql === undefined) {
    for (const name of ['database stopped', 'database killed', 'database frozen'] as const) {
      faults.set(name, 'SQLite has no server');
    }
  } else {
    const restarted = reasonPattern('database-away');
    const felt = { ...QUIET, isFelt: true };
    add({
      ...felt,
      name: 'database stopped',
      named: restarted,
      begin: () => mysql.stop(),
      end: () => mysql.start(),
    });
    add({
      ...felt,
      name: 'database killed',
      named: restarted,
      begin: async () => {
        process.kill(mysql.processId, 'SIGKILL');
        await mysql.stop();
      },
      end: () => mysql.start(),
    });
    const signal = (name: NodeJS.Signals) => (): Promise<void> => {
      process.kill(mysql.processId, name);
      return Promise.resolve();
    };
    add({
      ...felt,
      name: 'database frozen',
      named: reasonPattern('statement-timeout', 'database-away'),
      begin: signal('SIGSTOP'),
      end: signal('SIGCONT'),
    });
  }

  if (file === undefined)
    faults.set('database locked', 'no other program locks the whole of a MySQL database');
  else {
    let unlock: (() => void) | undefined;
    add({
      ...QUIET,
      name: 'database locked',
      named: reasonPattern('row-locked'),
      isFelt: true,
      begin: () => {
        unlock = lockDatabase(file);
        return Promise.resolve();
      },
      end: () => {
        unlock?.();
        return Promise.resolve();
      },
    });
  }

  if (typeof disk === 'string') faults.set('disk full', disk);
  else {
    add({
      ...QUIET,
      name: 'disk full',
      named: reasonPattern('disk-full'),
      isFelt: true,
      isGrowing: true,
      begin: () => {
        disk.fill();
        return Promise.resolve();
      },
      end: async () => {
        disk.free();
        // A database that has ended itself, as its manual permits, is started as a service manager would.
        if (mysql !== undefined && !mysql.isRunning) {
          await mysql.stop();
          await mysql.start();
        }
      },
    });
  }

  for (const [name, seconds] of [
    ['clock stepped back', -STEP_SECONDS],
    ['clock stepped forth', STEP_SECONDS],
  ] as const) {
    if (typeof clock === 'string') faults.set(name, clock);
    else {
      const step = (to: number) => (): Promise<void> => {
        clock.step(to);
        return Promise.resolve();
      };
      // On SQLite the order of pushes is counted, and no clock has a part in it.
      const named = mysql === undefined ? undefined : /"stepSeconds":/;
      add({ ...QUIET, name, named, leastMs: CLOCK_MS, begin: step(seconds), end: step(0) });
    }
  }

  add({
    ...QUIET,
    name: 'server stopped',
    named: /"msg":"stopping"/,
    endsServer: true,
    begin: () => server.stop(),
    end: () => server.start(),
  });
  add({
    ...QUIET,
    name: 'server killed',
    // The killed process can say nothing, and its successor does not know.
    named: undefined,
    endsServer: true,
    begin: () => server.kill(),
    end: () => server.start(),
  });
  add({
    ...QUIET,
    name: 'connections cut',
    // Readers that leave are no fault of the server, so it counts them instead: status 499 in /metrics.
    named: undefined,
    isCutting: true,
    begin: NOTHING,
    end: NOTHING,
  });
  return faults;
}
