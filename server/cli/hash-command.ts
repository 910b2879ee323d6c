import type { Command } from 'commander';
import { hashFewFiles } from '../scan/hash-few-files.js';
import type { HashedPath } from '../scan/hash-paths.js';
import type { Configuration } from '../../config/schema.js';
import type { CommandContext } from './context.js';
import { EXIT } from './exit-code.js';
import { type Interrupt, listenForInterrupt } from './interrupt.js';
import { digestLine } from './digest-line.js';
import { parseExtensions } from './list-options.js';
import { writeBytes, writeError, writeJsonLine } from './output.js';
import { pathArgument, pathArguments } from './path-argument.js';
import { jsonPath, shownPath } from './shown-text.js';

interface HashFlags {
  readonly json?: true;
  readonly check?: Buffer;
  readonly filename?: true;
  readonly extensions?: readonly string[];
}

export function fillHashCommand(hash: Command, context: CommandContext): void {
  hash
    .argument('[path...]', 'files, and folders to search for books', pathArguments)
    .option('--json', 'one JSON object a line, with both digests and the size')
    .option(
      '--check <file>',
      'read digests and paths from FILE (- for standard input) and check them',
      pathArgument,
    )
    .option('--filename', 'the MD5 of the file name instead, which KOReader sends with its "filename" method')
    .option('--extensions <list>', 'file extensions of books, for example epub,pdf,cbz', parseExtensions)
    .action(async (paths: readonly Buffer[], flags: HashFlags, command: Command) => {
      if ((paths.length === 0) === (flags.check === undefined)) {
        writeError('give files or folders to hash, or --check FILE.');
        context.exitWith(EXIT.usage);
        return;
      }
      context.exitWith(await runHash(context.configuration(command), paths, flags));
    });
}

async function runHash(
  configuration: Configuration,
  paths: readonly Buffer[],
  flags: HashFlags,
): Promise<number> {
  const isPlain = flags.check === undefined && flags.extensions === undefined;
  const few = isPlain && isUsual(configuration) ? hashFewFiles(paths) : undefined;
  if (few !== undefined) {
    for (const hashed of few) printDigests(hashed, flags);
    return EXIT.ok;
  }
  // A few files need none of it, and are not to wait for it.
  const [{ composeEngine }, { hashPaths }, { checkedExtensions }, { checkDigests }] = await Promise.all([
    import('../compose/engine.js'),
    import('../scan/hash-paths.js'),
    import('../library/library-settings.js'),
    import('./check-digests.js'),
  ]);
  const engine = composeEngine(configuration);
  const interrupt = listenForInterrupt();
  try {
    if (flags.check !== undefined)
      return await checkDigests(engine, flags.check, flags.filename === true, interrupt.signal);
    let exitCode: number = EXIT.ok;
    const options = {
      signal: interrupt.signal,
      ...(flags.extensions && { extensions: new Set(checkedExtensions(flags.extensions)) }),
    };
    for await (const hashed of hashPaths(engine, paths, options)) {
      if (hashed.outcome.state === 'failed') {
        exitCode = EXIT.failed;
        writeError(`${shownPath(hashed.path)}: ${hashed.outcome.message}`);
      }
      printDigests(hashed, flags);
    }
    return exitCode;
  } catch (error) {
    return interrupted(interrupt, error);
  } finally {
    interrupt.release();
    await engine.close();
  }
}

/** Whether the engine may choose how it works: with another choice, the operator wants to see that it works. */
function isUsual({ engine: { md5, reads } }: Configuration): boolean {
  return md5 === 'auto' && reads === 'auto';
}

function interrupted(interrupt: Interrupt, error: unknown): number {
  const code = interrupt.exitCode();
  if (code === undefined) throw error;
  return code;
}

function printDigests({ path, outcome }: HashedPath, flags: HashFlags): void {
  if (flags.json === true) {
    writeJsonLine(
      outcome.state === 'hashed'
        ? {
            ...jsonPath(path),
            partial_md5: outcome.partialMd5.toString('hex'),
            filename_md5: outcome.filenameMd5.toString('hex'),
            size_bytes: outcome.sizeBytes,
          }
        : { ...jsonPath(path), error: outcome.code, message: outcome.message },
    );
  } else if (outcome.state === 'hashed') {
    writeBytes(digestLine(flags.filename === true ? outcome.filenameMd5 : outcome.partialMd5, path));
  }
}
