import { freePort } from '../../support/free-port.js';
import { type RunningProgram, runProgram, startProgram } from '../../support/program.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { ConsoleClient } from './console-client.js';

export interface ConsoleProgram {
  /** `http://127.0.0.1:8364`, with the base path. */
  readonly base: string;
  readonly origin: string;
  /** Runs a command with the same settings. @returns its standard output */
  run(this: void, ...args: readonly string[]): Promise<string>;
  output: RunningProgram['output'];
  send(this: void, signal: NodeJS.Signals): void;
  /** Stops it as SIGTERM does. */
  stop(this: void): Promise<void>;
  /** Starts it again at the same address. */
  start(this: void): Promise<void>;
  /** Kills it, unless it has ended. */
  close(this: void): Promise<void>;
}

export interface ConsoleProgramOptions {
  /** `name=value` of settings. */
  readonly settings?: readonly string[];
  /** `/dogear` */
  readonly basePath?: string;
  /** Instead of `serve`: `up FOLDER`. */
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly nodeArguments?: readonly string[];
}

/** Starts the built program on a database, and waits until it listens. */
export async function startConsole(
  databaseUrl: string,
  options: ConsoleProgramOptions = {},
): Promise<ConsoleProgram> {
  const { settings = [], basePath = '', command = ['serve'], nodeArguments = [] } = options;
  const { path: cwd } = await temporaryFolder();
  const port = await freePort();
  const all = [
    'enable_koreader_sync=true',
    'log.format=json',
    'server.host=127.0.0.1',
    `server.port=${String(port)}`,
    ...(basePath === '' ? [] : [`server.base_url=${basePath}`]),
    ...settings,
  ];
  const sets = ['--database', databaseUrl, ...all.flatMap((set) => ['--set', set])];
  const env = options.env ?? {};
  const begin = async (): Promise<RunningProgram> => {
    const begun = startProgram([...command, ...sets], { cwd, env, nodeArguments });
    await (command[0] === 'serve'
      ? begun.output('stderr', /"msg":"listening/)
      : begun.output('stdout', /KOReader syncs at/));
    return begun;
  };
  let program = await begin();
  const origin = `http://127.0.0.1:${String(port)}`;
  return {
    base: `${origin}${basePath}`,
    origin,
    run: async (...args) => {
      const { exitCode, stdout, stderr } = await runProgram([...args, ...sets], { cwd, stdin: 'secret\n' });
      if (exitCode !== 0) throw new Error(`dogear ${args.join(' ')} failed: ${stderr}`);
      return stdout;
    },
    output: (stream, pattern) => program.output(stream, pattern),
    send: (signal) => program.send(signal),
    stop: async () => {
      program.send('SIGTERM');
      await program.result;
    },
    start: async () => {
      program = await begin();
    },
    close: async () => {
      program.send('SIGKILL');
      await program.result;
    },
  };
}

/** The owner that every test but that of the first run has. */
export const OWNER = { name: 'aaron', password: 'a password of his' };

/** Makes the owner by the link that the command prints, as the page does. */
export async function setUpOwner(program: ConsoleProgram, owner = OWNER): Promise<ConsoleClient> {
  const link = await program.run('console');
  const [, token = ''] = /\/ui\/setup#(\S+)/.exec(link) ?? [];
  return ConsoleClient.signIn(program.base, { ...owner, token });
}
