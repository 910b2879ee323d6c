import type { Command } from 'commander';
import { allSettings } from '../../config/schema.js';
import type { FlagValue } from '../../config/text-settings.js';

/** What commander keeps of a flag that belongs to a setting: `--database` → `database`. */
type ParsedFlags = Readonly<Record<string, unknown>>;

/** Gives a command the flags that settings have of their own, with the sentences of the schema. */
export function addSettingFlags(command: Command, flags: readonly string[]): Command {
  for (const setting of allSettings.values()) {
    if (setting.flag === undefined || !flags.includes(setting.flag)) continue;
    command.option(`${setting.flag} <value>`, setting.sentence);
  }
  return command;
}

/** The settings among a command's parsed flags and the repeated `--set path=value`, as configuration takes them. */
export function settingFlags(parsed: ParsedFlags, sets: readonly string[]): readonly FlagValue[] {
  const own = [...allSettings.values()].flatMap(({ flag }) => {
    const text = flag === undefined ? undefined : parsed[flag.slice('--'.length)];
    return flag !== undefined && typeof text === 'string' ? [{ flag, text }] : [];
  });
  return [...own, ...sets.map((text) => ({ flag: '--set', text }))];
}
