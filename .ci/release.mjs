import { spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// npm run release -- VERSION [--dry-run]: makes the commit, the tag and the tarball of a version, in the folder where it is
// called. Everything is made and tried in a clone first, so that a release that fails leaves nothing. It publishes nothing:
// at the end it prints the commands for that.

const USAGE =
  'usage: npm run release -- VERSION [--dry-run]\n\nVERSION is like 1.2.0. --dry-run does everything in a clone and keeps nothing.\n';
const UNRELEASED = '## Unreleased';
/** What every tarball has, and what no tarball may have. */
const NEEDED = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json', 'dist/server/main.js'];
const FOREIGN =
  /^(?:test|bench|dist\/test|dist\/bench|node_modules|\.ci)\/|\.(?:map|tsbuildinfo|tgz|db)$|(?<!\.d)\.tsx?$/;
/** The server starts within a second or two; a busy machine needs longer. */
const START_DEADLINE_MS = 60_000;

/** A reason why there is no release, for people. */
class Refusal extends Error {}

async function release(args) {
  const isDry = args.includes('--dry-run');
  const [version, ...others] = args.filter((arg) => arg !== '--dry-run');
  if (version === undefined || others.length > 0 || !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version)) {
    process.stderr.write(USAGE);
    return 2;
  }
  const here = process.cwd();
  const folder = mkdtempSync(join(tmpdir(), 'dogear-release-'));
  try {
    checkCheckout(here, version);
    const clone = join(folder, 'clone');
    run(here, 'git', ['clone', '--quiet', here, clone]);
    for (const name of ['user.name', 'user.email']) {
      run(clone, 'git', ['config', name, run(here, 'git', ['config', name]).trim()]);
    }
    const tarball = makeTarball(clone, version);
    checkContents(tarball.files);
    await tryOut(join(clone, tarball.filename), join(folder, 'app'), version);
    run(clone, 'git', ['commit', '--quiet', '--all', '--message', `Version ${version}`]);
    run(clone, 'git', ['tag', '--annotate', `v${version}`, '--message', `Version ${version}`]);
    say(`${tarball.filename}: ${tarball.files.length} files; it installs, starts, answers and stops.`);
    if (isDry) {
      say('A dry run: nothing was kept.');
      return 0;
    }
    // The tag last: where the branch has moved meanwhile, nothing is kept.
    run(here, 'git', ['pull', '--quiet', '--ff-only', '--no-tags', clone, 'HEAD']);
    run(here, 'git', ['fetch', '--quiet', clone, 'tag', `v${version}`]);
    copyFileSync(join(clone, tarball.filename), join(here, tarball.filename));
    say(`The commit and the tag v${version} are made. To publish them, if you want to:`);
    say(`  git push --follow-tags\n  npm publish ${tarball.filename}`);
    return 0;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    process.stderr.write(`No release: ${error.message}\n`);
    return 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function checkCheckout(here, version) {
  if (run(here, 'git', ['status', '--porcelain']) !== '')
    throw new Refusal('there are changes without a commit.');
  if (run(here, 'git', ['tag', '--list', `v${version}`]) !== '')
    throw new Refusal(`the tag v${version} exists.`);
  const changelog = readFileSync(join(here, 'CHANGELOG.md'), 'utf8');
  if (changelog.includes(`\n## ${version} `)) throw new Refusal(`CHANGELOG.md has a section for ${version}.`);
  const [, section = ''] = changelog.split(`\n${UNRELEASED}\n`);
  if (!/^- /m.test(section.split(/^## /m)[0] ?? '')) {
    throw new Refusal(`CHANGELOG.md has no line below "${UNRELEASED}".`);
  }
}

/** The version in its files, then what `npm pack` makes of it: `npm ci` builds. */
function makeTarball(clone, version) {
  const path = join(clone, 'CHANGELOG.md');
  const today = new Date().toISOString().slice(0, 10);
  const changelog = readFileSync(path, 'utf8');
  writeFileSync(
    path,
    changelog.replace(`\n${UNRELEASED}\n`, `\n${UNRELEASED}\n\n## ${version} – ${today}\n`),
  );
  run(clone, 'npm', ['version', '--no-git-tag-version', '--allow-same-version', version]);
  run(clone, 'npm', ['ci', '--prefer-offline', '--no-audit', '--no-fund']);
  const [tarball] = JSON.parse(run(clone, 'npm', ['pack', '--ignore-scripts', '--json']));
  return { filename: tarball.filename, files: tarball.files.map((file) => file.path) };
}

function checkContents(files) {
  const missing = NEEDED.filter((path) => !files.includes(path));
  if (missing.length > 0) throw new Refusal(`the tarball lacks ${missing.join(', ')}.`);
  const foreign = files.filter((path) => FOREIGN.test(path));
  if (foreign.length > 0) throw new Refusal(`the tarball has ${foreign.join(', ')}.`);
}

/** Installs the tarball into an empty folder; the program has to know its version, start, answer and stop. */
async function tryOut(tarball, app, version) {
  mkdirSync(app);
  writeFileSync(join(app, 'package.json'), '{ "private": true }\n');
  run(app, 'npm', ['install', '--omit=dev', '--prefer-offline', '--no-audit', '--no-fund', tarball]);
  const program = join(app, 'node_modules/.bin/dogear');
  if (!existsSync(program)) throw new Refusal('the installed package has no command "dogear".');
  const told = run(app, program, ['--version']).trim();
  if (told !== version) throw new Refusal(`the installed program says that it is version ${told}.`);
  const server = spawn(program, ['serve', '--host', '127.0.0.1', '--port', '0'], {
    cwd: app,
    env: { ...environment(), DOGEAR_LOG_FORMAT: 'json' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise((resolve) => server.once('close', resolve));
  try {
    const address = await addressOf(server);
    const { status } = await fetch(`${address}/livez`);
    if (status !== 200) throw new Refusal(`the installed server answers /livez with ${status}.`);
    server.kill('SIGTERM');
    const exitCode = await ended;
    if (exitCode !== 0) throw new Refusal(`the installed server ends with ${exitCode} at SIGTERM.`);
  } finally {
    server.kill('SIGKILL');
  }
}

function addressOf(server) {
  return new Promise((resolve, reject) => {
    let log = '';
    const timer = setTimeout(() => refuse('does not listen'), START_DEADLINE_MS);
    const refuse = (what) => {
      clearTimeout(timer);
      reject(new Refusal(`the installed server ${what}:\n${log}`));
    };
    server.once('close', () => refuse('ends at once'));
    server.stderr.on('data', (chunk) => {
      log += chunk;
      const [, address] = /"address":"([^"]+)"/.exec(log) ?? [];
      if (address === undefined) return;
      clearTimeout(timer);
      resolve(address);
    });
  });
}

/** @returns standard output */
function run(cwd, command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    env: environment(),
    encoding: 'utf8',
  });
  if (status === 0) return stdout;
  throw new Refusal(`"${command} ${args.join(' ')}" failed: ${error?.message ?? stderr.slice(-2000)}`);
}

/** Without the variables that npm sets for its scripts, which name this checkout as the package, and without settings. */
function environment() {
  const own = /^(?:npm_(?:package|lifecycle|command|execpath)|INIT_CWD$|DOGEAR_|ENABLE_KOREADER)/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name)));
}

function say(line) {
  process.stdout.write(`${line}\n`);
}

process.exitCode = await release(process.argv.slice(2));
