import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { repositoryRoot } from './repository-root.js';

export interface ProgramOptions {
  /** Added to the environment of the tests, without Dogear's own variables. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** What the program reads from standard input; empty by default. */
  readonly stdin?: string | Uint8Array;
  /** Arguments for node itself. */
  readonly nodeArguments?: readonly string[];
  /** The most files and connections that the program may have open at once. */
  readonly openFiles?: number;
  /** Instead of `dist/server/main.js`. */
  readonly main?: string;
}

export interface ProgramResult {
  readonly exitCode: number | undefined;
  /** The signal that ended the program, if one did. */
  readonly signal: NodeJS.Signals | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningProgram {
  readonly processId: number;
  /** All output so far. */
  stdout(): string;
  stderr(): string;
  send(signal: NodeJS.Signals): void;
  /** Resolves with the first match in the output so far or to come. Rejects when the program ends without a match. */
  output(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<RegExpExecArray>;
  readonly result: Promise<ProgramResult>;
}

/** More than any test prints. A program that prints more is killed before the tests run out of memory. */
const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;

/** Runs `node dist/server/main.js ARGS` and resolves when it has ended. */
export function runProgram(args: readonly string[], options: ProgramOptions = {}): Promise<ProgramResult> {
  return startProgram(args, options).result;
}

/** Starts `node dist/server/main.js ARGS`. It is killed when the process of the tests ends first. */
export function startProgram(args: readonly string[], options: ProgramOptions = {}): RunningProgram {
  const main = options.main ?? join(repositoryRoot, 'dist/server/main.js');
  const node = [...(options.nodeArguments ?? []), main, ...args];
  const [command, commandArgs] =
    options.openFiles === undefined
      ? [process.execPath, node]
      : [
          'sh',
          ['-c', `ulimit -n ${String(options.openFiles)} && exec "$@"`, 'sh', process.execPath, ...node],
        ];
  const child = spawn(command, commandArgs, {
    cwd: options.cwd ?? process.cwd(),
    env: { ...environmentWithoutDogear(), ...options.env },
    stdio: 'pipe',
  });
  const killWithTests = () => child.kill('SIGKILL');
  process.once('exit', killWithTests);
  child.once('close', () => process.removeListener('exit', killWithTests));
  // A program that ends without reading its input is no error here; tests check its exit code.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.stdin ?? '');
  const stdout = new Output(child, child.stdout);
  const stderr = new Output(child, child.stderr);
  const result = endOf(child, stdout, stderr);
  // Callers await `result` for the error. When none does, a failed start must not end the process of the tests.
  result.catch(() => undefined);
  return {
    get processId() {
      if (child.pid === undefined) throw new Error('the program did not start');
      return child.pid;
    },
    stdout: () => stdout.text(),
    stderr: () => stderr.text(),
    send: (signal) => void child.kill(signal),
    output: (stream, pattern) => (stream === 'stdout' ? stdout : stderr).match(pattern),
    result,
  };
}

/** The environment of this process without Dogear's own variables. */
export function environmentWithoutDogear(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !isOwnVariable(name)));
}

function isOwnVariable(name: string): boolean {
  return name.startsWith('DOGEAR_') || name === 'ENABLE_KOREADER_SYNC';
}

async function endOf(child: ChildProcess, stdout: Output, stderr: Output): Promise<ProgramResult> {
  await once(child, 'close');
  return {
    exitCode: child.exitCode ?? undefined,
    signal: child.signalCode ?? undefined,
    stdout: stdout.text(),
    stderr: stderr.text(),
  };
}

class Output {
  readonly #child: ChildProcess;
  readonly #stream: NodeJS.ReadableStream;
  readonly #chunks: Buffer[] = [];
  #sizeBytes = 0;
  #ended = false;

  constructor(child: ChildProcess, stream: NodeJS.ReadableStream) {
    this.#child = child;
    this.#stream = stream;
    stream.on('data', (chunk: Buffer) => {
      this.#sizeBytes += chunk.length;
      if (this.#sizeBytes > MAX_OUTPUT_BYTES) child.kill('SIGKILL');
      else this.#chunks.push(chunk);
    });
    child.once('close', () => {
      this.#ended = true;
    });
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }

  match(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(this.text());
        if (match !== null) resolve(match);
        else if (this.#ended)
          reject(new Error(`the program ended without ${pattern}; it wrote:\n${this.text()}`));
        else return;
        this.#stream.removeListener('data', look);
        this.#child.removeListener('close', look);
      };
      this.#stream.on('data', look);
      this.#child.on('close', look);
      look();
    });
  }
}
