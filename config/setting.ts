import type { z } from 'zod';

/** How values of one sort are written, checked and understood; made by the functions of value-kinds.ts. */
export interface ValueKind<Value> {
  /** What a right value looks like, for people who wrote a wrong one: "a whole number from 1 to 200". */
  readonly expected: string;
  /** Checks a value as YAML gives it. Relative paths in it are relative to `folder`. */
  schema(folder: string): z.ZodType<Value>;
  /** An environment variable or a flag is text; this makes of it what YAML would have given, or leaves it alone. */
  fromText(text: string): unknown;
  /** For values that hold a secret: the value with the secret taken out, also of a value that is wrong. */
  readonly masked?: (text: string) => string;
}

/** One setting. It has one name, `group.name`, in the file, in messages and in the code. */
export interface Setting<Value> {
  readonly type: 'setting';
  readonly kind: ValueKind<Value>;
  readonly sentence: string;
  /** As it would stand in the file; `undefined` where there is none and the setting may be left out. */
  readonly default: unknown;
  readonly environment: string;
  /** The flag of its own that the commands offer; every setting can be given as `--set group.name=value`. */
  readonly flag?: string;
}

export type SettingTree = { readonly [name: string]: Setting<unknown> | SettingTree };

/** The values of a tree of settings: the same tree with a value in the place of each setting. */
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
