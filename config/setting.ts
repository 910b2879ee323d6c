import type { Flag } from './flags.js';

export type CheckedValue<Value> =
  | { readonly state: 'right'; readonly value: Value }
  /** `entries`: the indices of what is wrong in a list. Undefined: the value as a whole is. */
  | { readonly state: 'wrong'; readonly entries?: readonly number[] };

/** How values of one kind are written and checked; made by the functions of value-kinds.ts. */
export interface ValueKind<Value> {
  /** The form of a correct value, for error messages: "a whole number from 1 to 200". */
  readonly expected: string;
  /** Checks a value as YAML gives it. Relative paths in it are relative to `folder`. */
  check(value: unknown, folder: string): CheckedValue<Value>;
  /** Turns the text of an environment variable or flag into the value that YAML would give; other text stays as it is. */
  fromText(text: string): unknown;
  /** For values that hold a secret: the value without the secret. Wrong values are masked too. */
  readonly masked?: (text: string) => string;
}

/** One setting. Its name, `group.name`, is the same in the file, in messages and in the code. */
export interface Setting<Value> {
  readonly type: 'setting';
  readonly kind: ValueKind<Value>;
  readonly sentence: string;
  /** As written in the file; `undefined` for an optional setting without a default. */
  readonly default: unknown;
  readonly environment: string;
  /** Its own flag, where it has one. Every setting can be given as `--set group.name=value`. */
  readonly flag?: Flag;
}

export type SettingTree = { readonly [name: string]: Setting<unknown> | SettingTree };

/** The values of a tree of settings: the same tree with each setting replaced by its value. */
export type ValuesOf<Tree> = {
  readonly [Name in keyof Tree]: Tree[Name] extends Setting<infer Value> ? Value : ValuesOf<Tree[Name]>;
};

export function setting<Value>(
  kind: ValueKind<Value>,
  declaration: Omit<Setting<Value>, 'type' | 'kind'>,
): Setting<Value> {
  return { type: 'setting', kind, ...declaration };
}

export function isSetting(node: Setting<unknown> | SettingTree): node is Setting<unknown> {
  return node['type'] === 'setting';
}

/** All settings of a tree by their path, in the order of their declaration. */
export function settingsByPath(tree: SettingTree, prefix = ''): ReadonlyMap<string, Setting<unknown>> {
  const found = new Map<string, Setting<unknown>>();
  for (const [name, node] of Object.entries(tree)) {
    if (isSetting(node)) found.set(prefix + name, node);
    else for (const [path, inner] of settingsByPath(node, `${prefix}${name}.`)) found.set(path, inner);
  }
  return found;
}
