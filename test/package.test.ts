import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { runChild } from '../bench/child-process.js';
import { packageManifest } from './support/package-manifest.js';
import { repositoryRoot } from './support/repository-root.js';
import { checkoutFiles, sourceFiles } from './support/source-files.js';
import { temporaryFolder } from './support/temporary-folder.js';

// What somebody gets who installs the package: `npm pack`, then `npm install` of the tarball into an empty folder.
// npm asks the registry for what its cache does not hold. The versions are those of the lock file, so that the release of
// another package cannot change the result.

const INSTALL_DEADLINE_MS = 300_000;
/** Everything in the package that is not compiled. */
const NOT_COMPILED = [
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'config/example.yaml',
  'package.json',
  'server/OPERATING.md',
  'server/http/ERRORS.md',
  'server/moving/MOVING.md',
];
const CONSOLE = 'dist/server/console';
/** What the modules of the program are joined into, and the licences of the packages that are in it. */
const CHUNKS = 'dist/server/chunks';
const LICENSES = 'dist/server/licenses.json';
const WASM = 'dist/engine/digest/md5-lanes/md5-lanes.wasm';
/** AssemblyScript, generators, declarations for the compiler, and what becomes the script of the console. */
const BUILD_ONLY =
  /\/assembly\/|\/(?:unroll-rounds|api-types|print-api-types)\.ts$|\.d\.ts$|^server\/console\//;

/** A file of less than 1,024 bytes has one window, so its partial MD5 is the MD5 of all its bytes. */
const BOOK = 'Dogear';
const BOOK_MD5 = 'a827c5c29c2d245376abd74184be9363';

/** As strict as TypeScript gets, with the types of the engine checked as well. */
const TSCONFIG = {
  compilerOptions: {
    target: 'es2023',
    module: 'nodenext',
    types: ['node'],
    typeRoots: [join(repositoryRoot, 'node_modules/@types')],
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    verbatimModuleSyntax: true,
    isolatedModules: true,
    skipLibCheck: false,
  },
  files: ['hash.ts'],
};
/** Prints what it finds below the folder that it is given: digest and path. */
const PROGRAM = `
import { createEngine, type EngineOptions, filenameMd5, KOREADER_EXTENSIONS, partialMd5OfFile } from 'dogear/engine';

const folder = process.argv[2] ?? '.';
const options: EngineOptions = { jobs: 1 };
const engine = createEngine(options);
try {
  for await (const batch of engine.hash(folder, engine.walk(folder, { extensions: KOREADER_EXTENSIONS }))) {
    const { entries, partialMd5 } = batch;
    for (let index = 0; index < entries.length; index += 1) {
      const digest = Buffer.from(partialMd5.subarray(16 * index, 16 * index + 16)).toString('hex');
      const path = entries.pathAt(index).toString();
      const again = partialMd5OfFile(\`\${folder}/\${path}\`).toString('hex');
      console.log(digest, again, path, filenameMd5(Buffer.from(path)).length);
    }
  }
} finally {
  await engine.close();
}
`;

const packed = z.tuple([z.object({ filename: z.string(), files: z.array(z.object({ path: z.string() })) })]);

const sourceMap = z.object({ sources: z.array(z.string()) });
const lockFile = z.object({
  packages: z.record(z.string(), z.object({ version: z.string().optional(), dev: z.boolean().optional() })),
});

let files: readonly string[];
let app: string;

beforeAll(async () => {
  const { path } = await temporaryFolder();
  app = join(path, 'app');
  mkdirSync(join(app, 'books'), { recursive: true });
  writeFileSync(join(app, 'books', 'a.epub'), BOOK);
  writeFileSync(
    join(app, 'package.json'),
    JSON.stringify({ private: true, type: 'module', overrides: lockedVersions() }),
  );
  // Without --ignore-scripts npm would build, and remove dist while other tests run from it.
  const { stdout } = await run(
    repositoryRoot,
    'npm',
    'pack',
    '--ignore-scripts',
    '--json',
    '--pack-destination',
    path,
  );
  const [tarball] = packed.parse(JSON.parse(stdout));
  files = tarball.files.map((file) => file.path).toSorted();
  await run(
    app,
    'npm',
    'install',
    '--omit=dev',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    join(path, tarball.filename),
  );
}, INSTALL_DEADLINE_MS);

describe('the package', () => {
  it('holds the compiled program, the types of the engine and what a user reads, and nothing else', () => {
    const sources = sourceFiles()
      .map((file) => file.path)
      .filter((path) => /^(?:config|engine|server)\//.test(path) && !BUILD_ONLY.test(path));
    const compiled = sources.flatMap((path) => {
      const stem = `dist/${path.replace(/\.ts$/, '')}`;
      return path.startsWith('engine/') ? [`${stem}.js`, `${stem}.d.ts`] : [`${stem}.js`];
    });
    const pages = readdirSync(join(repositoryRoot, CONSOLE), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(repositoryRoot, join(entry.parentPath, entry.name)));
    expect(pages).toContain(`${CONSOLE}/index.html`);
    const chunks = readdirSync(join(repositoryRoot, CHUNKS))
      .filter((name) => name.endsWith('.js'))
      .map((name) => `${CHUNKS}/${name}`);
    expect(chunks.length).toBeGreaterThan(20);
    const deployed = checkoutFiles().filter((path) => path.startsWith('server/deploy/'));
    expect(deployed).toContain('server/deploy/systemd/dogear.service');
    expect(files).toEqual(
      [...compiled, ...chunks, ...pages, ...deployed, WASM, LICENSES, ...NOT_COMPILED].toSorted(),
    );
  });

  it('names what its files take of each other by whole names: a file of another version is refused', () => {
    const routes = readFileSync(join(repositoryRoot, CHUNKS, 'api-routes.js'), 'utf8');
    const taken = [...routes.matchAll(/^import \{([^}]*)\} from "\.\//gm)].flatMap(([, names = '']) =>
      names.split(',').map((name) => name.trim().split(' as ')[0] ?? ''),
    );
    expect(taken).toContain('problemOfFailure');
    expect(taken.filter((name) => name.length === 1)).toEqual([]);
  });

  it('has source maps in a checkout that lead from joined files to the TypeScript', () => {
    const joined = join(repositoryRoot, CHUNKS, 'api-routes.js');
    expect(readFileSync(joined, 'utf8')).toMatch(/^\/\/# sourceMappingURL=api-routes\.js\.map$/m);
    const { sources } = sourceMap.parse(JSON.parse(readFileSync(`${joined}.map`, 'utf8')));
    expect(sources).toContain('../../../server/http/routes/api-routes.ts');
  });

  it('leaves out the passwords of who runs compose.yaml in a checkout, as a commit and an image do', async () => {
    const { path } = await temporaryFolder();
    const secrets = 'server/deploy/secrets';
    mkdirSync(join(path, secrets), { recursive: true });
    writeFileSync(join(path, secrets, 'database-password'), 'horse');
    for (const name of ['package.json', '.gitignore', '.dockerignore', 'server/deploy/compose.yaml'])
      copyFileSync(join(repositoryRoot, name), join(path, name));
    const { stdout } = await run(path, 'npm', 'pack', '--ignore-scripts', '--json', '--dry-run');
    const [{ files: packedFiles }] = packed.parse(JSON.parse(stdout));
    expect(packedFiles.map((file) => file.path)).toEqual(['package.json', 'server/deploy/compose.yaml']);
    await run(path, 'git', 'init', '--quiet');
    expect((await run(path, 'git', 'check-ignore', `${secrets}/database-password`)).stdout).not.toBe('');
    expect(readFileSync(join(path, '.dockerignore'), 'utf8').split('\n')).toContain(secrets);
  });

  it('is a library for TypeScript programs, strict ones too', async () => {
    writeFileSync(join(app, 'tsconfig.json'), JSON.stringify(TSCONFIG));
    writeFileSync(join(app, 'hash.ts'), PROGRAM);
    await run(app, process.execPath, join(repositoryRoot, 'node_modules/typescript/bin/tsc'));
    const { stdout } = await run(app, process.execPath, 'hash.js', join(app, 'books'));
    expect(stdout).toBe(`${BOOK_MD5} ${BOOK_MD5} a.epub 16\n`);
  });

  it('shows nothing but the engine to programs that import it', async () => {
    writeFileSync(join(app, 'inside.js'), "import 'dogear/dist/server/cli/run.js';\n");
    await expect(run(app, process.execPath, 'inside.js')).rejects.toThrow('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });

  it('brings the command', async () => {
    const version = await run(app, 'npx', '--no-install', 'dogear', '--version');
    expect(version.stdout).toBe(`${packageManifest.version}\n`);
    const { stdout } = await run(app, 'npx', '--no-install', 'dogear', 'hash', 'books/a.epub');
    expect(stdout).toBe(`${BOOK_MD5}  books/a.epub\n`);
  });
});

/** Without the variables that npm sets for its scripts: they name this checkout as the package. */
function run(cwd: string, command: string, ...args: readonly string[]) {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(?:npm_|INIT_CWD$|DOGEAR_|ENABLE_KOREADER)/i.test(name),
    ),
  );
  return runChild(command, args, { cwd, env });
}

/** The exact version of each package that the program needs when it runs. */
function lockedVersions(): Readonly<Record<string, string>> {
  const lock = lockFile.parse(JSON.parse(readFileSync(join(repositoryRoot, 'package-lock.json'), 'utf8')));
  return Object.fromEntries(
    Object.entries(lock.packages).flatMap(([path, { version, dev }]) => {
      const name = /^node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(path)?.[1];
      return name === undefined || version === undefined || dev === true ? [] : [[name, version]];
    }),
  );
}
