import type { Alias, Document, YAMLMap } from 'yaml';
import type { ConfigurationProblem, Origin } from './configuration-problem.js';
import { foundText, nameText } from './found-text.js';
import { nearestName } from './nearest-name.js';
import { type Setting, type SettingTree, isSetting, settingsByPath } from './setting.js';
import { parseYaml } from './yaml-document.js';
import { yaml } from './yaml-package.js';

/** The value of one setting in the file. */
export interface YamlValue {
  readonly path: string;
  readonly setting: Setting<unknown>;
  readonly value: unknown;
  readonly origin: Origin;
  /** For a list: the origins of its entries. */
  readonly entryOrigins: readonly Origin[];
}

export interface YamlSettings {
  readonly values: readonly YamlValue[];
  readonly problems: readonly ConfigurationProblem[];
}

/** Finds the settings of a tree in a YAML text. Everything else in the text is a problem. */
export function yamlSettings(text: string, fileName: string, tree: SettingTree): YamlSettings {
  const yaml = parseYaml(text, fileName);
  // The values of a file with syntax errors would give misleading problems.
  if (yaml.state === 'broken') return { values: [], problems: yaml.problems };
  return new Reader(yaml.document, yaml.originAt, tree).read();
}

class Reader {
  readonly #document: Document.Parsed;
  readonly #originAt: (offset: number) => Origin;
  readonly #tree: SettingTree;
  readonly #values: YamlValue[] = [];
  readonly #problems: ConfigurationProblem[] = [];

  constructor(document: Document.Parsed, originAt: (offset: number) => Origin, tree: SettingTree) {
    this.#document = document;
    this.#originAt = originAt;
    this.#tree = tree;
  }

  read(): YamlSettings {
    this.#readRoot();
    return { values: this.#values, problems: this.#problems };
  }

  #readRoot(): void {
    const root: unknown = this.#document.contents;
    if (yaml().isMap(root)) this.#readMap(root, this.#tree, '');
    else if (root !== null && !(yaml().isScalar(root) && root.value === null)) {
      this.#problems.push({
        code: 'not-a-mapping',
        origin: this.#originOf(root),
        found: yaml().isSeq(root) ? 'a list' : 'a text or number alone',
        expected: `"name: value" lines with ${Object.keys(this.#tree).join(', ')}`,
      });
    }
  }

  #readMap(map: YAMLMap, tree: SettingTree, prefix: string): void {
    const lineOf = new Map<string, Origin>();
    for (const { key, value } of map.items) {
      const name = yaml().isScalar(key) ? String(key.value) : undefined;
      const origin = this.#originOf(key);
      const path = prefix + nameText(name ?? 'a list or mapping');
      if (name !== undefined && lineOf.has(name)) {
        const first = lineOf.get(name);
        const where = first?.source === 'file' ? ` (it is in line ${first.line} already)` : '';
        this.#problems.push({ code: 'duplicate-key', origin, path, expected: `every name once${where}` });
        continue;
      }
      const node = name !== undefined && Object.hasOwn(tree, name) ? tree[name] : undefined;
      if (name === undefined || node === undefined) {
        this.#problems.push(unknownSettingKey(path, origin, name ?? '', tree, this.#tree));
        continue;
      }
      lineOf.set(name, origin);
      this.#readNode(value, node, path, origin);
    }
  }

  #readNode(value: unknown, node: Setting<unknown> | SettingTree, path: string, keyOrigin: Origin): void {
    const target = yaml().isAlias(value) ? this.#resolved(value) : value;
    const origin = isEmpty(value) ? keyOrigin : this.#originOf(value);
    if (isSetting(node)) {
      const plainValue = this.#plainValue(target);
      const entries: readonly unknown[] = yaml().isSeq(target) ? target.items : [];
      const entryOrigins = entries.map((entry) => this.#originOf(entry));
      this.#values.push({ path, setting: node, value: plainValue, origin, entryOrigins });
    } else if (yaml().isMap(target)) {
      this.#readMap(target, node, `${path}.`);
    } else if (!isEmpty(target)) {
      // A group whose settings are all commented out is empty, and that is allowed.
      const found = yaml().isSeq(target) ? 'a list' : foundKind(target);
      const expected = `a mapping with ${Object.keys(node).join(', ')}`;
      this.#problems.push({ code: 'wrong-value', origin, path, found, expected });
    }
  }

  #resolved(alias: Alias): unknown {
    return alias.resolve(this.#document);
  }

  /**
   * Scalars, and lists of scalars: no setting takes more. Deeper values are not expanded, so that aliases of aliases
   * cannot make a small file take a lot of memory.
   */
  #plainValue(node: unknown): unknown {
    return yaml().isSeq(node) ? node.items.map((entry) => this.#plainScalar(entry)) : this.#plainScalar(node);
  }

  #plainScalar(node: unknown): unknown {
    const target = yaml().isAlias(node) ? this.#resolved(node) : node;
    if (isEmpty(target)) return null;
    return yaml().isScalar(target) ? target.value : {};
  }

  #originOf(node: unknown): Origin {
    const hasRange =
      typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range);
    const start: unknown = hasRange && Array.isArray(node.range) ? node.range[0] : 0;
    return this.#originAt(typeof start === 'number' ? start : 0);
  }
}

function isEmpty(node: unknown): boolean {
  return node === null || node === undefined || (yaml().isScalar(node) && node.value === null);
}

function foundKind(node: unknown): string {
  return yaml().isScalar(node) ? foundText(node.value) : 'something else';
}

function unknownSettingKey(
  path: string,
  origin: Origin,
  name: string,
  siblings: SettingTree,
  root: SettingTree,
): ConfigurationProblem {
  const expected = `one of ${Object.keys(siblings).join(', ')}`;
  const problem = { code: 'unknown-setting', origin, path, expected } as const;
  const sibling = nearestName(name, Object.keys(siblings));
  if (sibling !== undefined) return { ...problem, suggestion: sibling };
  // A setting in the wrong group, or a path that was written with dots.
  const moved = [...settingsByPath(root).keys()].find(
    (known) => known === name || known.endsWith(`.${name}`),
  );
  return moved === undefined ? problem : { ...problem, suggestion: nested(moved) };
}

/** `server.tls.key` as it is written in YAML: `server: { tls: { key: … } }`. */
function nested(path: string): string {
  return path
    .split('.')
    .reduceRight((inner, name) => `${name}: ${inner === '…' ? inner : `{ ${inner} }`}`, '…');
}
