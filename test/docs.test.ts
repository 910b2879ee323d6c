import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { allSettings, settings } from '../config/schema.js';
import { CONFIG_VARIABLE } from '../config/text-settings.js';
import { yamlSettings } from '../config/yaml-settings.js';
import { packageManifest } from './support/package-manifest.js';
import { type CommandHelp, programHelp } from './support/program-help.js';
import { repositoryRoot } from './support/repository-root.js';
import {
  argumentProblem,
  codeBlocks,
  commandNames,
  dogearArguments,
  inlineCode,
  shownCommands,
} from './support/shown-commands.js';
import { topLevelNames } from './support/source-files.js';

const readme = readFileSync(join(repositoryRoot, 'README.md'), 'utf8');
const contributing = readFileSync(join(repositoryRoot, 'CONTRIBUTING.md'), 'utf8');
const operating = readFileSync(join(repositoryRoot, 'server/OPERATING.md'), 'utf8');
const example = readFileSync(join(repositoryRoot, 'config/example.yaml'), 'utf8');
const environmentNames = new Set([
  ...[...allSettings.values()].map(({ environment }) => environment),
  CONFIG_VARIABLE,
  'DOGEAR_TEST_MYSQL_URL',
]);

let program: CommandHelp;
beforeAll(async () => {
  program = await programHelp();
});

describe('the commands that documents show', () => {
  it.each([
    ['README.md', readme, 'npm run bench -- --quick'],
    ['CONTRIBUTING.md', contributing, 'npm run dev'],
    ['server/OPERATING.md', operating, 'dogear doctor'],
  ])('exist, with the flags and arguments that %s shows', (_, text, shown) => {
    expect(shownCommands(text).map((command) => command.text)).toContain(shown);
    expect(commandProblems(text)).toEqual([]);
    expect(environmentProblems(text)).toEqual([]);
  });

  it('are in README.md all commands that there are', () => {
    const shown = shownCommands(readme).map(({ text }) => text);
    const missing = commandNames(program).filter((name) => !shown.some((text) => text.startsWith(name)));
    expect(missing).toEqual([]);
  });

  it('begin in README.md with the two that do everything', () => {
    const [first, second] = codeBlocks(readme, /^sh$/).join('').split('\n');
    expect(first).toMatch(/^npm ci && npm start -- \S+$/);
    expect(second).toBe('npm ci && npm test');
  });

  it.each([
    ['```sh\ndogear scna\n```', 'dogear has no command scna'],
    ['```sh\n$ dogear scan --fast # all\n```', 'dogear scan has no flag --fast'],
    ['`dogear library ad`', 'dogear library has no command ad'],
    ['```sh\ndogear library add Books\n```', 'dogear library add needs more arguments'],
    ['```sh\ndogear library remove a b\n```', 'dogear library remove takes fewer arguments'],
    ['```sh\ndogear library\n```', 'dogear library needs a command'],
    [
      '```ini\n[Service]\nExecStart=/usr/bin/node /opt/dogear/dist/server/main.js sevre\n```',
      'no command sevre',
    ],
    ['```sh\nnode --cpu-prof dist/server/main.js hsah\n```', 'dogear has no command hsah'],
    ['```sh\nmake && npm start -- /books --quick\n```', 'dogear up has no flag --quick'],
    ['```sh\nnpm run tests\n```', 'package.json has no script tests'],
    ['`npm run lnt`', 'package.json has no script lnt'],
    ['```sh\nDOGEAR_JOB=4 dogear scan\n```', 'DOGEAR_JOB is no setting'],
  ])('would not pass as %j', (markdown, problem) => {
    const problems = [...commandProblems(markdown), ...environmentProblems(markdown)];
    expect(problems).toEqual([expect.stringContaining(problem)]);
  });

  it.each([
    '`dogear library add`',
    '`dogear scan [--regen-hashes]`',
    '```sh\nDOGEAR_JOBS=4 dogear --config=a.yaml scan \\\n  Books Comics --shard 1/4 --json | jq . # all\n```',
    '```sh\nnpm ci && npm start -- /books\ndogear library --help\ncurl dogear:1/scan\n```',
  ])('would pass as %j', (markdown) => {
    expect([...commandProblems(markdown), ...environmentProblems(markdown)]).toEqual([]);
  });
});

describe('README.md', () => {
  it('names no setting and no environment variable that does not exist', () => {
    expect([...settingProblems(readme), ...environmentProblems(readme)]).toEqual([]);
    expect(settingProblems('`server.prot` and `server.port`')).toEqual(['server.prot is no setting']);
    expect(settingProblems('```yaml\nserver:\n  prot: 1\n```')).toEqual([
      'README.md:2:3: unknown-setting server.prot',
    ]);
  });

  it('names every folder at the top', () => {
    const paths = namedPaths(readme);
    const folders = topLevelNames().filter((name) => !name.includes('.') && name !== 'LICENSE');
    expect(folders.filter((folder) => !paths.includes(`${folder}/`))).toEqual([]);
  });

  it('gives a reason for every dependency, and for no other', () => {
    const { dependencies, optionalDependencies, devDependencies } = packageManifest;
    const section = /^## Dependencies$[^]*?(?=^## )/m.exec(readme)?.[0] ?? '';
    const rows = [...section.matchAll(/^\| `([^`]+)`((?:, `[^`]+`)*) +\| +(\S.*\S) +\|$/gm)];
    const named = rows.flatMap(([, first = '', others = '']) => [first, ...inlineCode(others)]);
    const declared = Object.keys({ ...dependencies, ...optionalDependencies, ...devDependencies });
    expect(named.toSorted()).toEqual(declared.toSorted());
    for (const [row, , , reason = ''] of rows) expect(reason.length, row).toBeGreaterThan(10);
  });
});

it.each([
  ['README.md', readme],
  ['CONTRIBUTING.md', contributing],
])('%s names no file that does not exist', (_, text) => {
  const paths = namedPaths(text);
  expect(paths.length).toBeGreaterThan(3);
  expect(paths.filter((path) => !existsSync(join(repositoryRoot, path)))).toEqual([]);
});

describe('config/example.yaml', () => {
  it('names flags that some command has', () => {
    const flags = [...allSettings.values()].flatMap(({ flag }) => flag ?? []);
    expect(flags.filter((flag) => !example.includes(flag))).toEqual([]);
    const offered = allFlags(program);
    expect([...example.matchAll(/ (--[a-z-]+)/g)].filter(([, flag = '']) => !offered.has(flag))).toEqual([]);
  });

  it('names environment variables that exist', () => {
    expect(environmentProblems(example)).toEqual([]);
  });
});

function commandProblems(markdown: string): readonly string[] {
  return shownCommands(markdown).flatMap((command) => {
    const typed = dogearArguments(command);
    const problem =
      typed === undefined ? npmProblem(command.words) : argumentProblem(program, typed, command.isWhole);
    return problem === undefined ? [] : [`${command.text}: ${problem}`];
  });
}

/** Paths from the top of the checkout. NOUN stands for any noun. */
function namedPaths(markdown: string): readonly string[] {
  return inlineCode(markdown).filter(
    (code) => /^(?:config|engine|server|bench|test|\.ci)\/\S*$/.test(code) && !code.includes('NOUN'),
  );
}

/** npm runs some scripts by their own name, all others by `npm run`. */
function npmProblem([npm, verb = '', name = '']: readonly string[]): string | undefined {
  if (npm !== 'npm' || ['ci', 'install', 'pack', 'version'].includes(verb)) return undefined;
  const script = verb === 'run' ? name : verb;
  return script in packageManifest.scripts ? undefined : `package.json has no script ${script}`;
}

function settingProblems(markdown: string): readonly string[] {
  const groups = new RegExp(`^(?:${Object.keys(settings).join('|')})\\.[a-z_.]+$`);
  const named = inlineCode(markdown).filter((code) => groups.test(code));
  const paths = [...allSettings.keys()];
  const unknown = named.filter((name) => !paths.some((path) => path === name || path.startsWith(`${name}.`)));
  const inYaml = codeBlocks(markdown, /^yaml$/).flatMap(
    (block) => yamlSettings(block, 'README.md', settings).problems,
  );
  return [
    ...unknown.map((name) => `${name} is no setting`),
    ...inYaml.map(({ code, origin, path }) => {
      const place =
        origin.source === 'file' ? `${origin.file}:${origin.line}:${origin.column}` : origin.source;
      return `${place}: ${code} ${path}`;
    }),
  ];
}

function environmentProblems(text: string): readonly string[] {
  const named = new Set(
    [...text.matchAll(/\b(?:DOGEAR_[A-Z0-9_]+|ENABLE_KOREADER_\w+)\b/g)].map(([name]) => name),
  );
  return [...named].filter((name) => !environmentNames.has(name)).map((name) => `${name} is no setting`);
}

function allFlags(command: CommandHelp): ReadonlySet<string> {
  const inner = [...command.commands.values()].flatMap((one) => [...allFlags(one)]);
  return new Set([...command.flags.keys(), ...inner]);
}
