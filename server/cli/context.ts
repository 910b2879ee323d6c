import type { Configuration } from '../../config/load.js';

/** What every command gets from the program around it. */
export interface CommandContext {
  /** Reads file, environment and flags; a mistake in them ends the program with all of them listed. */
  configuration(this: void, overrides?: Readonly<Record<string, string>>): Promise<Configuration>;
  exitWith(this: void, code: number): void;
}
