import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { errorMessage } from '../../server/domain/error-text.js';
import { THIS_CHECKOUT } from '../checkout.js';
import { runChild } from '../child-process.js';

/** Result of one pass over the files, by a yardstick or the engine. */
export interface HashPass {
  readonly files: number;
  readonly failed: number;
  readonly seconds: number;
  /** MD5 of all digests, in byte order of the files' paths. */
  readonly digest: string;
}

const hashPass = z.object({ files: z.int(), failed: z.int(), seconds: z.number(), digest: z.string() });

export interface HashYardstick {
  /** For the record: which of the two yardsticks it is, and why the Node one was taken. */
  readonly description: string;
  /** Of the C yardstick only. */
  readonly executable?: string;
  /** @param listFile absolute paths, each ended by a zero byte */
  run(listFile: string, threads: number): Promise<HashPass>;
}

const WHAT_IS_MISSING = "needs a C compiler and OpenSSL's headers (Debian: gcc libssl-dev)";

/** The C yardstick, compiled once for each state of its source; the Node one where it cannot be compiled. */
export async function hashYardstick(cacheFolder: string): Promise<HashYardstick> {
  const source = join(THIS_CHECKOUT.root, 'bench/yardstick/partial-md5.c');
  const state = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 12);
  const executable = join(cacheFolder, `partial-md5-${state}`);
  mkdirSync(cacheFolder, { recursive: true });
  try {
    if (!existsSync(executable)) {
      await runChild('cc', ['-O2', '-o', executable, source, '-lcrypto', '-lpthread']);
    }
    return {
      description: "C with POSIX reads and OpenSSL's MD5 (bench/yardstick/partial-md5.c, cc -O2)",
      executable,
      run: async (list, threads) => parsePass(await runChild(executable, [list, String(threads)])),
    };
  } catch (error) {
    const script = join(THIS_CHECKOUT.root, 'dist/bench/yardstick/partial-md5-node.js');
    return {
      description:
        `a plain Node worker pool (bench/yardstick/partial-md5-node.ts); the C yardstick ${WHAT_IS_MISSING}: ` +
        errorMessage(error).slice(0, 300),
      run: async (list, threads) =>
        parsePass(await runChild(process.execPath, [script, list, String(threads)])),
    };
  }
}

function parsePass({ stdout }: { readonly stdout: string }): HashPass {
  return hashPass.parse(JSON.parse(stdout));
}
