import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The clock of a process that can be stepped while the process runs. */
export interface FalseClock {
  /** For the process. */
  readonly environment: Readonly<Record<string, string>>;
  /** Sets the clock to this many seconds from the true time, for new readings within a second. */
  step(seconds: number): void;
}

/** Where Debian and its relatives have libfaketime, by the processor's name in their paths. */
const LIBRARIES = ['x86_64', 'aarch64'].map(
  (processor) => `/usr/lib/${processor}-linux-gnu/faketime/libfaketimeMT.so.1`,
);

/** @returns a sentence that says why there is no such clock */
export function falseClock(folder: string): FalseClock | string {
  const library = LIBRARIES.find((path) => existsSync(path));
  if (library === undefined) return 'libfaketime is missing (apt-get install faketime)';
  const file = join(folder, 'clock');
  // Renamed into its place, because a reader of half a file would see another time.
  const step = (seconds: number): void => {
    writeFileSync(`${file}.new`, `${seconds < 0 ? '-' : '+'}${Math.abs(seconds)}\n`);
    renameSync(`${file}.new`, file);
  };
  step(0);
  return {
    environment: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      // The default is ten seconds.
      FAKETIME_CACHE_DURATION: '1',
      // Waits and time limits go by the monotonic clock, which never steps.
      DONT_FAKE_MONOTONIC: '1',
    },
    step,
  };
}
