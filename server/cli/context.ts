import type { Command } from 'commander';
import type { LoadedConfiguration } from '../../config/load.js';
import type { Configuration } from '../../config/schema.js';

/** What every command gets from the program around it. */
export interface CommandContext {
  readonly version: string;
  /** Reads file, environment and flags; a mistake in them ends the program with all of them listed. */
  loaded(this: void, command: Command): LoadedConfiguration;
  configuration(this: void, command: Command): Configuration;
  exitWith(this: void, code: number): void;
}
