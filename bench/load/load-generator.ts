import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { THIS_CHECKOUT } from '../checkout.js';
import { isInstalled, runChild } from '../child-process.js';
import { type LoadMode, type LoadResult, loadResult } from './load-result.js';

export interface Load {
  /** Default: 127.0.0.1. */
  readonly host?: string;
  readonly port: number;
  /** Of every path, without a slash at the end. Default: none. */
  readonly prefix?: string;
  readonly mode: LoadMode;
  readonly connections: number;
  readonly seconds: number;
  /** Requests a second of all connections together; absent: as many as the server answers. Only bare sockets keep it. */
  readonly rate?: number;
  /** Documents of each user, one after the other in the file. Default: all documents. */
  readonly own?: number;
  /** Files with a line for each key and document. A key `name secret` is sent in the headers of koreader-sync-server. */
  readonly keysFile: string;
  readonly documentsFile: string;
}

export interface LoadGenerator {
  readonly description: string;
  run(load: Load): Promise<LoadResult>;
}

/** wrk where it is installed, bare sockets from Node where not. Either is one process beside the server. */
export async function loadGenerator(): Promise<LoadGenerator> {
  return (await isInstalled('wrk', '-v')) ? WRK : SOCKETS;
}

const LOOPBACK = '127.0.0.1';

const WRK: LoadGenerator = {
  description: 'wrk, one thread, with bench/load/sync-load.lua',
  run: async (load) => {
    const script = join(THIS_CHECKOUT.root, 'bench/load/sync-load.lua');
    const { host = LOOPBACK, port, connections, seconds } = load;
    const args = [
      '-t1',
      `-c${connections}`,
      `-d${seconds}s`,
      '--latency',
      '-s',
      script,
      `http://${host}:${port}`,
    ];
    return parseResult(await runChild('wrk', args, { env: environment(load) }));
  },
};

export const SOCKETS: LoadGenerator = {
  description: 'bare sockets from Node (bench/load/socket-load.ts), because wrk is not installed',
  run: async (load) => {
    const script = fileURLToPath(new URL('socket-load.js', import.meta.url));
    const numbers = [load.port, load.connections, load.seconds, load.rate ?? 0];
    const args = [script, ...numbers.map(String)];
    return parseResult(await runChild(process.execPath, args, { env: environment(load) }));
  },
};

function environment(load: Load): NodeJS.ProcessEnv {
  const { host = LOOPBACK, prefix = '', own = 0, mode, keysFile, documentsFile } = load;
  const seed = String(Math.floor(Math.random() * 2 ** 31));
  return {
    ...process.env,
    MODE: mode,
    HOST: host,
    PREFIX: prefix,
    OWN: String(own),
    KEYS: keysFile,
    DOCUMENTS: documentsFile,
    SEED: seed,
  };
}

/** The JSON object on the last line. */
function parseResult({ stdout }: { readonly stdout: string }): LoadResult {
  const line = stdout.trimEnd().split('\n').at(-1) ?? '';
  const result = loadResult.parse(JSON.parse(line));
  if (result.failed > 0) throw new Error(`${result.failed} of ${result.requests} requests failed`);
  return result;
}
