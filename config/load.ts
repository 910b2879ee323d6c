import { dirname } from 'node:path';
import { type ConfigurationProblem, ConfigurationError, type Origin } from './configuration-problem.js';
import { readConfigurationFile, readSmallFile } from './configuration-file.js';
import { MOST_SERVERS, withServers } from './database-url.js';
import { foundText } from './found-text.js';
import { type Configuration, allSettings, settings } from './schema.js';
import { type Setting, type SettingTree, type ValuesOf, isSetting } from './setting.js';
import { type Environment, type FlagValue, environmentSettings, flagSettings } from './text-settings.js';
import { yamlSettings } from './yaml-settings.js';

export interface ConfigurationSources {
  /** The file that `--config` names; absent: the one of `DOGEAR_CONFIG`, or else `dogear.yaml` if it exists. */
  readonly configFile?: string | undefined;
  /** In the order of the command line. */
  readonly flags?: readonly FlagValue[];
  readonly environment?: Environment;
  /** Where relative paths of flags and environment start. */
  readonly workingFolder?: string;
}

export interface EffectiveSetting {
  readonly path: string;
  readonly value: unknown;
  readonly origin: Origin;
}

export interface LoadedConfiguration {
  readonly configuration: Configuration;
  /** The same values as a list, secrets included, with the origin of each, in the order of the schema. */
  readonly effective: readonly EffectiveSetting[];
}

interface Candidate {
  readonly path: string;
  readonly setting: Setting<unknown>;
  readonly value: unknown;
  readonly origin: Origin;
  /** For a list in the file: the origins of its entries. */
  readonly entryOrigins?: readonly Origin[];
  /** Where relative paths in the value start. */
  readonly folder: string;
}

/**
 * Loads the configuration. Flags override the environment, the environment the file, and the file the defaults. A wrong
 * value is a problem even where it is overridden. Reads nothing but the file and that of `database.url_file`.
 *
 * @throws ConfigurationError with all problems, those of the file first, in the order of its lines
 */
export function loadConfiguration(sources: ConfigurationSources = {}): LoadedConfiguration {
  const workingFolder = sources.workingFolder ?? process.cwd();
  const environment = sources.environment ?? process.env;
  const file = readConfigurationFile(sources.configFile, environment, workingFolder);
  const inFile =
    file.state === 'read' ? yamlSettings(file.text, file.name, settings) : { values: [], problems: [] };
  const inEnvironment = environmentSettings(environment);
  const inFlags = flagSettings(sources.flags ?? []);
  const fileFolder = file.state === 'read' ? file.folder : workingFolder;

  const chosen = new Map<string, EffectiveSetting>();
  const wrong: ConfigurationProblem[] = [];
  const candidates = [
    ...[...allSettings].map(([path, setting]): Candidate => defaultOf(path, setting, workingFolder)),
    ...inFile.values.map((value): Candidate => ({ ...value, folder: fileFolder })),
    ...[...inEnvironment.values, ...inFlags.values].map((value): Candidate => ({
      ...value,
      folder: workingFolder,
    })),
  ];
  for (const candidate of candidates) {
    const result = checked(candidate);
    if (result.state === 'right') chosen.set(candidate.path, result.effective);
    else wrong.push(...result.problems);
  }
  const ofUrlFile = takeUrlFile(chosen);
  const ofHosts = wrong.length + ofUrlFile.length > 0 ? [] : takeHosts(chosen);
  const problems = [
    ...(file.state === 'failed' ? [file.problem] : []),
    ...inFile.problems,
    ...wrong,
    ...ofUrlFile,
    ...ofHosts,
    ...inEnvironment.problems,
    ...inFlags.problems,
    ...incompletePair(chosen, wrong, 'server.tls.certificate', 'server.tls.key'),
  ];
  if (problems.length > 0) throw new ConfigurationError(problems.toSorted(byOrigin));

  return Object.freeze({
    configuration: valueTree(settings, (path) => chosen.get(path)?.value),
    effective: Object.freeze([...chosen.values()]),
  });
}

function defaultOf(path: string, setting: Setting<unknown>, folder: string): Candidate {
  return { path, setting, value: setting.default, origin: { source: 'default' }, folder };
}

type Checked =
  | { readonly state: 'right'; readonly effective: EffectiveSetting }
  | { readonly state: 'wrong'; readonly problems: readonly ConfigurationProblem[] };

function checked({ path, setting, value, origin, entryOrigins, folder }: Candidate): Checked {
  const { kind } = setting;
  const result = kind.check(value, folder);
  if (result.state === 'right') {
    const right = Array.isArray(result.value) ? Object.freeze(result.value) : result.value;
    return {
      state: 'right',
      effective: Object.freeze({ path, value: right, origin: Object.freeze(origin) }),
    };
  }
  const wrong = { code: 'wrong-value', expected: kind.expected } as const;
  if (result.entries === undefined || !Array.isArray(value)) {
    return { state: 'wrong', problems: [{ ...wrong, origin, path, found: foundText(value, kind) }] };
  }
  const entries: readonly unknown[] = value;
  const problems = result.entries.map((index): ConfigurationProblem => {
    const entryOrigin = entryOrigins?.[index] ?? origin;
    return {
      ...wrong,
      origin: entryOrigin,
      path: `${path}[${index}]`,
      found: foundText(entries[index], kind),
    };
  });
  return { state: 'wrong', problems };
}

/** Two settings that need each other. If one of them is wrong, that problem is reported already. */
function incompletePair(
  chosen: ReadonlyMap<string, EffectiveSetting>,
  wrong: readonly ConfigurationProblem[],
  ...pair: readonly [string, string]
): readonly ConfigurationProblem[] {
  if (wrong.some(({ path }) => path !== undefined && pair.includes(path))) return [];
  const given = pair.filter((path) => chosen.get(path)?.value !== undefined);
  const [path] = given;
  const origin = path === undefined ? undefined : chosen.get(path)?.origin;
  if (given.length !== 1 || path === undefined || origin === undefined) return [];
  const missing = pair.find((other) => other !== path);
  return [{ code: 'incomplete', origin, path, expected: `${missing} to be set as well` }];
}

const DATABASE_URL = 'database.url';
const DATABASE_URL_FILE = 'database.url_file';
/** Some hundred times the length of a database URL. A longer file was named by mistake. */
const MAX_URL_FILE_BYTES = 65_536;

/**
 * Sets `database.url` to the first line of the file that `database.url_file` names. If both are given, the one from the
 * stronger source counts; in one source they contradict each other.
 */
function takeUrlFile(chosen: Map<string, EffectiveSetting>): readonly ConfigurationProblem[] {
  const named = chosen.get(DATABASE_URL_FILE);
  const url = chosen.get(DATABASE_URL);
  const setting = allSettings.get(DATABASE_URL);
  if (typeof named?.value !== 'string' || url === undefined || setting === undefined) return [];
  const { origin, value: path } = named;
  const strength = SOURCE_ORDER.indexOf(origin.source) - SOURCE_ORDER.indexOf(url.origin.source);
  if (strength < 0) return [];
  if (strength === 0)
    return [
      { code: 'contradiction', origin, path: DATABASE_URL_FILE, expected: `no ${DATABASE_URL} beside it` },
    ];
  const text = readSmallFile(path, MAX_URL_FILE_BYTES);
  if (text.state === 'failed')
    return [{ code: 'file-unreadable', origin, path: DATABASE_URL_FILE, expected: text.expected }];
  const result = checked({
    path: DATABASE_URL,
    setting,
    value: setting.kind.fromText(text.text.split('\n', 1)[0]?.trim() ?? ''),
    origin: { source: 'file', file: path, line: 1, column: 1 },
    folder: dirname(path),
  });
  if (result.state === 'wrong') return result.problems;
  chosen.set(DATABASE_URL, result.effective);
  return [];
}

const DATABASE_HOSTS = 'database.hosts';

/** Adds the servers of `database.hosts` to `database.url`. */
function takeHosts(chosen: Map<string, EffectiveSetting>): readonly ConfigurationProblem[] {
  const hosts = chosen.get(DATABASE_HOSTS);
  const url = chosen.get(DATABASE_URL);
  if (hosts === undefined || typeof url?.value !== 'string' || !Array.isArray(hosts.value)) return [];
  const more = hosts.value.map(String);
  if (more.length === 0) return [];
  const value = withServers(url.value, more);
  if (value === undefined) {
    const expected = `a MySQL database without a socket in ${DATABASE_URL}, and at most ${String(MOST_SERVERS)} different servers in all`;
    return [{ code: 'contradiction', origin: hosts.origin, path: DATABASE_HOSTS, expected }];
  }
  chosen.set(DATABASE_URL, Object.freeze({ ...url, value }));
  return [];
}

const SOURCE_ORDER: readonly Origin['source'][] = ['default', 'file', 'environment', 'flag'];

function byOrigin({ origin: a }: ConfigurationProblem, { origin: b }: ConfigurationProblem): number {
  if (a.source === 'file' && b.source === 'file') return a.line - b.line || a.column - b.column;
  return SOURCE_ORDER.indexOf(a.source) - SOURCE_ORDER.indexOf(b.source);
}

function valueTree<Tree extends SettingTree>(
  tree: Tree,
  valueOf: (path: string) => unknown,
  prefix = '',
): ValuesOf<Tree> {
  const entries = Object.entries(tree).map(([name, node]) => {
    const path = prefix + name;
    return [name, isSetting(node) ? valueOf(path) : valueTree(node, valueOf, `${path}.`)];
  });
  // Object.fromEntries loses the types. Each value was made by the check of its setting, under that setting's name.
  const values: ValuesOf<Tree> = Object.freeze(Object.fromEntries(entries));
  return values;
}
