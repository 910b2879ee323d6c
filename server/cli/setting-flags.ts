import type { Command } from 'commander';
import { type Flag, FLAG_SENTENCES } from '../../config/flags.js';
import type { FlagValue } from '../../config/text-settings.js';

/** Options that may be given before or after any command. */
export interface GlobalFlags {
  readonly config?: string;
  readonly set: readonly string[];
  readonly [flag: string]: unknown;
}

/** Flags as commander parses them: `--database` becomes `database`. */
type ParsedFlags = Readonly<Record<string, unknown>>;

/** Adds flags of settings to a command. */
export function addSettingFlags(command: Command, flags: readonly Flag[]): Command {
  for (const flag of flags) command.option(`${flag} <value>`, FLAG_SENTENCES[flag]);
  return command;
}

/** The settings among the parsed flags of a command, and those of each `--set path=value`. */
export function settingFlags(parsed: ParsedFlags, sets: readonly string[]): readonly FlagValue[] {
  const own = Object.keys(FLAG_SENTENCES).flatMap((flag) => {
    const text = parsed[flag.slice('--'.length)];
    return typeof text === 'string' ? [{ flag, text }] : [];
  });
  return [...own, ...sets.map((text) => ({ flag: '--set', text }))];
}
