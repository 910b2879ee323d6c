import type { ConfigurationProblem, Origin } from './configuration-problem.js';
import { foundText, nameText } from './found-text.js';
import { nearestName } from './nearest-name.js';
import { allSettings } from './schema.js';
import type { Setting } from './setting.js';

/**
 * A flag as it was typed: `{ flag: '--jobs', text: '4' }` for the flag that a setting has of its own, or
 * `{ flag: '--set', text: 'engine.jobs=4' }` for any setting.
 */
export interface FlagValue {
  readonly flag: string;
  readonly text: string;
}

/** The value of one setting from outside the file. */
export interface TextValue {
  readonly path: string;
  readonly setting: Setting<unknown>;
  readonly value: unknown;
  readonly origin: Origin;
}

export interface TextSettings {
  readonly values: readonly TextValue[];
  readonly problems: readonly ConfigurationProblem[];
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Names the configuration file, unless `--config` does. */
export const CONFIG_VARIABLE = 'DOGEAR_CONFIG';
/** Variables with this prefix belong to Dogear's tests. */
const TEST_PREFIX = 'DOGEAR_TEST_';

/**
 * The settings of the environment. An empty variable counts as not set: compose files and unit files pass on missing
 * variables as empty ones.
 */
export function environmentSettings(environment: Environment): TextSettings {
  const values: TextValue[] = [];
  const names = new Set([CONFIG_VARIABLE]);
  for (const [path, setting] of allSettings) {
    const name = setting.environment;
    names.add(name);
    const text = environment[name];
    if (text === undefined || text === '') continue;
    const value = setting.kind.fromText(text);
    values.push({ path, setting, value, origin: { source: 'environment', name } });
  }
  const unknown = Object.keys(environment).filter(
    (name) => name.startsWith('DOGEAR_') && !name.startsWith(TEST_PREFIX) && !names.has(name),
  );
  const problems = unknown.toSorted().map((name): ConfigurationProblem => {
    const suggestion = nearestName(name, names);
    return {
      code: 'unknown-variable',
      origin: { source: 'environment', name },
      expected: 'the name of a setting after DOGEAR_',
      ...(suggestion === undefined ? {} : { suggestion }),
    };
  });
  return { values, problems };
}

/** The settings of the command line. Of several values for one setting the last one counts, as in other programs. */
export function flagSettings(flags: readonly FlagValue[]): TextSettings {
  const values: TextValue[] = [];
  const problems: ConfigurationProblem[] = [];
  for (const { flag, text } of flags) {
    const origin: Origin = { source: 'flag', flag };
    const own = [...allSettings].find(([, setting]) => setting.flag === flag);
    const separator = text.indexOf('=');
    if (own !== undefined) {
      const [path, setting] = own;
      values.push({ path, setting, value: setting.kind.fromText(text), origin });
    } else if (separator <= 0) {
      problems.push({ code: 'malformed-flag', origin, found: foundText(text), expected: 'SETTING=VALUE' });
    } else {
      const path = text.slice(0, separator);
      const setting = allSettings.get(path);
      if (setting === undefined) problems.push(unknownSettingPath(path, origin));
      else values.push({ path, setting, value: setting.kind.fromText(text.slice(separator + 1)), origin });
    }
  }
  return { values, problems };
}

function unknownSettingPath(path: string, origin: Origin): ConfigurationProblem {
  const bySuffix = [...allSettings.keys()].find((known) => known.endsWith(`.${path}`));
  const suggestion = nearestName(path, allSettings.keys()) ?? bySuffix;
  return {
    code: 'unknown-setting',
    origin,
    path: nameText(path),
    expected: 'the path of a setting, such as server.port',
    ...(suggestion === undefined ? {} : { suggestion }),
  };
}
