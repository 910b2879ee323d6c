import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allSettings, settings } from '../config/schema.js';
import { CONFIG_VARIABLE } from '../config/text-settings.js';
import { yamlSettings } from '../config/yaml-settings.js';
import { isFileHere } from './support/house-rules.js';
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
import { checkoutFiles, topLevelNames } from './support/source-files.js';

const readme = textOf('README.md');
const contributing = textOf('CONTRIBUTING.md');
const operating = textOf('server/OPERATING.md');
const example = textOf('config/example.yaml');
/** Records of benchmarks are left out: they describe the program as it was. */
const documents = checkoutFiles().filter(
  (path) => path.endsWith('.md') && !/^(?:bench\/runs|dist|node_modules)\//.test(path),
);
const environmentNames = new Set([
  ...[...allSettings.values()].map(({ environment }) => environment),
  CONFIG_VARIABLE,
  'DOGEAR_TEST_MYSQL_URL',
]);

const program = await programHelp();

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
  it('names every folder at the top', () => {
    const paths = namedPaths(readme, 'README.md');
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

describe('every document', () => {
  it('is found', () => {
    expect(documents).toEqual(
      expect.arrayContaining(['CHANGELOG.md', 'bench/README.md', 'server/http/ERRORS.md']),
    );
  });

  it.each(documents)('names nothing that does not exist: %s', (document) => {
    const text = textOf(document);
    expect(commandProblems(text)).toEqual([]);
    expect(settingProblems(text, document)).toEqual([]);
    expect(environmentProblems(text)).toEqual([]);
    expect(fileProblems(text, document)).toEqual([]);
    expect(linkProblems(text, document)).toEqual([]);
  });

  it.each([
    ['`server.prot` and `server.port`', 'server.prot is no setting'],
    ['```yaml\nserver:\n  prot: 1\n```', 'bench/README.md:2:3: unknown-setting server.prot'],
    ['DOGEAR_PROT=1 and DOGEAR_JOBS=1', 'DOGEAR_PROT is no setting'],
    ['`server/nouns/` and `server/NOUN/` and `server/`', 'server/nouns/ does not exist'],
    ['`target.ts`, `targets.ts`, `suites/scan.ts` and `main.ts`', 'target.ts does not exist'],
    ['`yardstick/md5.c` and `yardstick/partial-md5.c`', 'yardstick/md5.c does not exist'],
    ['[a](OPERATING.md) and [b](../server/OPERATING.md#logs)', 'OPERATING.md leads nowhere'],
    ['# Of `a`, b\n[a](#of-a-b), [b](#of-b) and [c](https://d.example)', '#of-b leads nowhere'],
  ])('would not pass as %j', (text, problem) => {
    const document = 'bench/README.md';
    const problems = [
      ...settingProblems(text, document),
      ...environmentProblems(text),
      ...fileProblems(text, document),
      ...linkProblems(text, document),
    ];
    expect(problems).toEqual([problem]);
  });
});

describe('the files of server/deploy/', () => {
  const deployed = checkoutFiles().filter((path) => path.startsWith('server/deploy/'));

  it.each(deployed)('name only commands, settings and environment variables that exist: %s', (path) => {
    const text = textOf(path);
    expect(environmentProblems(text)).toEqual([]);
    expect(path.endsWith('.service') ? commandProblems(asUnit(text)) : []).toEqual([]);
  });

  it('start the server and the scan', () => {
    const started = deployed.flatMap((path) => shownCommands(asUnit(textOf(path)))).flatMap(dogearArguments);
    expect(started).toEqual(expect.arrayContaining(['serve', 'scan']));
  });

  function asUnit(text: string): string {
    return `\`\`\`ini\n${text}\n\`\`\`\n`;
  }
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

function textOf(path: string): string {
  return readFileSync(join(repositoryRoot, path), 'utf8');
}

/** Folders and files of the checkout. NOUN stands for any noun. */
function namedPaths(markdown: string, document: string): readonly string[] {
  // RULES.md names the C++ and Lua of others.
  const endings = document.endsWith('RULES.md') ? 'm?ts|mjs|md|json|yaml' : 'm?ts|mjs|md|json|yaml|c|lua';
  const path = new RegExp(
    `^(?:(?:config|engine|server|bench|test|\\.ci)/\\S*|\\w[\\w./-]*\\.(?:${endings}))$`,
  );
  return inlineCode(markdown).filter((code) => path.test(code) && !code.includes('NOUN'));
}

function fileProblems(markdown: string, document: string): readonly string[] {
  const paths = checkoutFiles();
  return namedPaths(markdown, document)
    .filter((path) => !existsSync(join(repositoryRoot, path)) && !isFileHere(path, document, paths))
    .map((path) => `${path} does not exist`);
}

function linkProblems(markdown: string, document: string): readonly string[] {
  const headings = [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
  const links = [...markdown.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  const broken = links.filter((link) => {
    if (/^\w+:/.test(link)) return false;
    const [path = '', anchor = ''] = link.split('#');
    return path === ''
      ? !headings.includes(anchor)
      : !existsSync(join(repositoryRoot, dirname(document), path));
  });
  return broken.map((link) => `${link} leads nowhere`);
}

/** npm runs some scripts by their own name, all others by `npm run`. */
function npmProblem([npm, verb = '', name = '']: readonly string[]): string | undefined {
  if (npm !== 'npm' || ['ci', 'install', 'pack', 'version'].includes(verb)) return undefined;
  const script = verb === 'run' ? name : verb;
  return script in packageManifest.scripts ? undefined : `package.json has no script ${script}`;
}

function settingProblems(markdown: string, document: string): readonly string[] {
  const groups = new RegExp(`^(?:${Object.keys(settings).join('|')})\\.[a-z_.]+$`);
  const named = inlineCode(markdown).filter((code) => groups.test(code));
  const paths = [...allSettings.keys()];
  const unknown = named.filter((name) => !paths.some((path) => path === name || path.startsWith(`${name}.`)));
  const inYaml = codeBlocks(markdown, /^yaml$/).flatMap(
    (block) => yamlSettings(block, document, settings).problems,
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
