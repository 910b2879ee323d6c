/** Names that say that something is left over, and names that say nothing. */
const EMPTY_NAMES: ReadonlySet<string> = new Set([
  'util',
  'utils',
  'helper',
  'helpers',
  'common',
  'misc',
  'service',
  'manager',
  'processor',
]);
const TOP_LEVEL: ReadonlySet<string> = new Set([
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'LICENSE',
  'config',
  'engine',
  'server',
  'bench',
  'test',
]);
const KEBAB_CASE = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

/** What is wrong with the path of a TypeScript file, which is relative to the checkout. */
export function fileProblems(path: string): readonly string[] {
  const problems: string[] = [];
  const names = path.replace(/\.ts$/, '').split('/');
  for (const part of names.flatMap((name) => name.split('.'))) {
    if (!KEBAB_CASE.test(part)) problems.push(`${path}: ${part} is not in kebab-case`);
    const empty = part.split('-').find((word) => EMPTY_NAMES.has(word));
    if (empty !== undefined) problems.push(`${path}: "${empty}" says nothing about what is inside`);
  }
  if (names.at(-1) === 'index' && path !== 'engine/index.ts') {
    problems.push(`${path}: the only barrel file is engine/index.ts`);
  }
  return problems;
}

export function topLevelProblems(names: readonly string[]): readonly string[] {
  return names
    .filter((name) => !name.startsWith('.') && !TOP_LEVEL.has(name))
    .map((name) => `${name}: does not belong at the top of the checkout`);
}
