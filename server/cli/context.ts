import type { Command } from 'commander';
import type { LoadedConfiguration } from '../../config/load.js';
import type { Configuration } from '../../config/schema.js';

/** What commands share: the configuration and the exit code. */
export interface CommandContext {
  readonly version: string;
  /** Reads configuration file, environment and flags. @throws ConfigurationError that lists every mistake in them */
  loaded(this: void, command: Command): LoadedConfiguration;
  configuration(this: void, command: Command): Configuration;
  exitWith(this: void, code: number): void;
}
