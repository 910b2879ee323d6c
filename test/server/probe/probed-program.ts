import { join } from 'node:path';
import { freePort } from '../../support/free-port.js';
import { runProgram, startProgram } from '../../support/program.js';
import { repositoryRoot } from '../../support/repository-root.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const tlsFolder = join(repositoryRoot, 'test', 'data', 'tls');
/** Self-signed, for `localhost`, until 2126. Used by tests alone. */
export const TLS_FILES = {
  certificate: join(tlsFolder, 'localhost-certificate.pem'),
  key: join(tlsFolder, 'localhost-key.pem'),
};

export interface ProbedProgram {
  readonly databaseUrl: string;
  /** Of a user who may sync. */
  readonly key: string;
  /** Runs a command on the same database. @returns its standard output */
  run(...args: readonly string[]): Promise<string>;
  /** Starts `dogear serve` with these settings besides. @returns the port */
  serve(...settings: readonly string[]): Promise<number>;
  close(): Promise<void>;
}

/** The built program on an SQLite file of its own, with the user anna, whose password is `secret`. */
export async function probedProgram(): Promise<ProbedProgram> {
  const { path: cwd } = await temporaryFolder();
  const env = { DOGEAR_DATABASE_URL: `sqlite:${join(cwd, 'test.db')}`, DOGEAR_LOG_FORMAT: 'json' };
  const servers: ReturnType<typeof startProgram>[] = [];
  const run = async (...args: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await runProgram(args, { cwd, env, stdin: 'secret\n' });
    if (exitCode !== 0) throw new Error(`dogear ${args.join(' ')} failed: ${stderr}`);
    return stdout;
  };
  await run('user', 'add', 'anna', '--password');
  return {
    databaseUrl: env.DOGEAR_DATABASE_URL,
    key: (await run('key', 'add', 'anna', 'Kobo')).trim(),
    run,
    serve: async (...settings) => {
      const port = await freePort();
      const sets = ['enable_koreader_sync=true', ...settings].flatMap((setting) => ['--set', setting]);
      const args = ['serve', '--host', '127.0.0.1', '--port', String(port), ...sets];
      const server = startProgram(args, { cwd, env });
      servers.push(server);
      // The last that it does: it writes the link for setting up the owner into the database.
      await server.output('stderr', /"msg":"No owner can sign in/);
      return port;
    },
    close: async () => {
      for (const server of servers) server.send('SIGKILL');
      await Promise.all(servers.map(({ result }) => result));
    },
  };
}
