import { type ConfigurationProblem, ConfigurationError, type Origin } from './configuration-problem.js';
import { readConfigurationFile } from './configuration-file.js';
import { foundText } from './found-text.js';
import { type Configuration, allSettings, settings } from './schema.js';
import { type Setting, type SettingTree, type ValuesOf, isSetting } from './setting.js';
import { type Environment, type FlagValue, environmentSettings, flagSettings } from './text-settings.js';
import { yamlSettings } from './yaml-settings.js';

export interface ConfigurationSources {
  /** What `--config` names. Without it `DOGEAR_CONFIG` does; without both, `dogear.yaml` is read if it is there. */
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
  /** The same values one by one, secrets included, with where each came from, in the order of the schema. */
  readonly effective: readonly EffectiveSetting[];
}

interface Candidate {
  readonly path: string;
  readonly setting: Setting<unknown>;
  readonly value: unknown;
  readonly origin: Origin;
  /** Of a list in the file: where its entries stand. */
  readonly entryOrigins?: readonly Origin[];
  /** Where relative paths in the value start. */
  readonly folder: string;
}

/**
 * Defaults, then the file, then the environment, then flags: the last that says something counts, but a mistake is
 * one wherever it stands. Reads nothing but the file.
 *
 * @throws ConfigurationError with every problem there is, those of the file first, in the order of its lines
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
  const problems = [
    ...(file.state === 'failed' ? [file.problem] : []),
    ...inFile.problems,
    ...wrong,
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
  const result = kind.schema(folder).safeParse(value);
  if (result.success) {
    const right = Array.isArray(result.data) ? Object.freeze(result.data) : result.data;
    return {
      state: 'right',
      effective: Object.freeze({ path, value: right, origin: Object.freeze(origin) }),
    };
  }
  const problems = result.error.issues.map((issue): ConfigurationProblem => {
    const index = issue.path[0];
    const wrong = { code: 'wrong-value', expected: kind.expected } as const;
    if (typeof index !== 'number' || !Array.isArray(value)) {
      return { ...wrong, origin, path, found: foundText(value, kind) };
    }
    const entryOrigin = entryOrigins?.[index] ?? origin;
    return { ...wrong, origin: entryOrigin, path: `${path}[${index}]`, found: foundText(value[index], kind) };
  });
  return { state: 'wrong', problems };
}

/** Two settings of which one is nothing without the other. One that is wrong has been complained about already. */
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
  // Untyped for a moment: each value was made by the schema of its setting, and the names are those of the tree.
  const values: ValuesOf<Tree> = Object.freeze(Object.fromEntries(entries));
  return values;
}
