import type { Command } from 'commander';
import { type LoadedConfiguration, loadConfiguration } from '../../config/load.js';
import type { Configuration } from '../../config/schema.js';
import { type GlobalFlags, settingFlags } from './setting-flags.js';

/** What commands share: the configuration and the exit code. */
export interface CommandContext {
  readonly version: string;
  /** Reads configuration file, environment and flags. @throws ConfigurationError that lists every mistake in them */
  loaded(this: void, command: Command): LoadedConfiguration;
  configuration(this: void, command: Command): Configuration;
  exitWith(this: void, code: number): void;
}

export function commandContext(version: string, exitWith: (code: number) => void): CommandContext {
  return { version, loaded, configuration: (command) => loaded(command).configuration, exitWith };
}

function loaded(command: Command): LoadedConfiguration {
  const flags = command.optsWithGlobals<GlobalFlags>();
  return loadConfiguration({
    ...(flags.config === undefined ? {} : { configFile: flags.config }),
    flags: settingFlags(flags, flags.set),
  });
}
