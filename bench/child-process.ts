import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';

export interface ChildResult {
  readonly stdout: string;
  readonly stderr: string;
  /** From the start of the process to its end. */
  readonly seconds: number;
}

export interface ChildOptions extends Pick<SpawnOptions, 'cwd' | 'env'> {
  /** `discard` sends standard output to /dev/null, so that reading it costs nothing. */
  readonly stdout?: 'keep' | 'discard';
}

/** More than any yardstick or measured command prints. */
const MOST_OUTPUT_BYTES = 64 * 1024 * 1024;

/**
 * Runs a command to its end.
 *
 * @throws Error with the end of its standard error when it cannot be started or ends with anything but exit code 0
 */
export async function runChild(
  command: string,
  args: readonly string[],
  options: ChildOptions = {},
): Promise<ChildResult> {
  const { stdout = 'keep', ...spawnOptions } = options;
  const start = performance.now();
  const child = spawn(command, args, {
    ...spawnOptions,
    stdio: ['ignore', stdout === 'keep' ? 'pipe' : 'ignore', 'pipe'],
  });
  const out = collect(child.stdout, child);
  const err = collect(child.stderr, child);
  await once(child, 'close');
  const seconds = (performance.now() - start) / 1000;
  if (child.exitCode !== 0) {
    const end = child.signalCode === null ? `exit code ${child.exitCode}` : child.signalCode;
    throw new Error(`${command} ${args.join(' ')} failed (${end}): ${err().slice(-2000)}`);
  }
  return { stdout: out(), stderr: err(), seconds };
}

function collect(stream: NodeJS.ReadableStream | null, child: ChildProcess): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream?.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MOST_OUTPUT_BYTES) child.kill('SIGKILL');
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

/** Whether a program is in the PATH and can be started. */
export async function isInstalled(command: string, versionFlag = '--version'): Promise<boolean> {
  const child = spawn(command, [versionFlag], { stdio: 'ignore' });
  return new Promise((resolve) => {
    child.once('error', () => resolve(false));
    child.once('close', () => resolve(true));
  });
}

const children = new Set<ChildProcess>();
let isBound = false;

/** Kills the child when this process exits. */
export function killedWithBench(child: ChildProcess): void {
  // One listener for all children: Node warns of a leak from the eleventh listener on.
  if (!isBound) {
    isBound = true;
    process.once('exit', () => {
      for (const running of children) running.kill('SIGKILL');
    });
  }
  children.add(child);
  child.once('close', () => children.delete(child));
}

/** Turns SIGINT and SIGTERM into an ordinary exit, whose listeners kill the children and remove work trees. */
export function exitOnSignals(): void {
  for (const [signal, number] of [
    ['SIGINT', 2],
    ['SIGTERM', 15],
  ] as const) {
    process.once(signal, () => process.exit(128 + number));
  }
}
