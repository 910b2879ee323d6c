import { type Origin, originText } from './configuration-problem.js';
import type { LoadedConfiguration } from './load.js';
import { allSettings } from './schema.js';

export interface SettingDescription {
  readonly path: string;
  /** Without secrets; `null` for a setting that is not set. */
  readonly value: unknown;
  readonly origin: Origin;
}

/** The effective value and the origin of every setting, without secrets; for `dogear config --json`. */
export function settingDescriptions(loaded: LoadedConfiguration): readonly SettingDescription[] {
  return loaded.effective.map(({ path, value, origin }) => {
    const masked = allSettings.get(path)?.kind.masked;
    const shown = masked !== undefined && typeof value === 'string' ? masked(value) : (value ?? null);
    return { path, value: shown, origin };
  });
}

/** The same as text in columns: path, value, origin. Ends without a newline. */
export function describeConfiguration(loaded: LoadedConfiguration): string {
  const rows = settingDescriptions(loaded).map(({ path, value, origin }) => [
    path,
    value === null ? '(not set)' : typeof value === 'string' ? value : JSON.stringify(value),
    originText(origin),
  ]);
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')).join('\n');
}
