import type { Command } from 'commander';
import { allSettings } from '../../config/schema.js';
import type { FlagValue } from '../../config/text-settings.js';

/** Flags as commander parses them: `--database` becomes `database`. */
type ParsedFlags = Readonly<Record<string, unknown>>;

/** Adds the flags of settings to a command, with the descriptions of config/schema.ts. */
export function addSettingFlags(command: Command, flags: readonly string[]): Command {
  for (const setting of allSettings.values()) {
    if (setting.flag === undefined || !flags.includes(setting.flag)) continue;
    command.option(`${setting.flag} <value>`, setting.sentence);
  }
  return command;
}

/** The settings among the parsed flags of a command, and those of each `--set path=value`. */
export function settingFlags(parsed: ParsedFlags, sets: readonly string[]): readonly FlagValue[] {
  const own = [...allSettings.values()].flatMap(({ flag }) => {
    const text = flag === undefined ? undefined : parsed[flag.slice('--'.length)];
    return flag !== undefined && typeof text === 'string' ? [{ flag, text }] : [];
  });
  return [...own, ...sets.map((text) => ({ flag: '--set', text }))];
}
