import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { getUserByName } from '../accounts/get-user.js';
import { composeEngine } from '../compose/engine.js';
import { withStore } from '../compose/program.js';
import { OPERATOR } from '../domain/actor.js';
import { type Document, documentOfDigest, parseDocument } from '../domain/document.js';
import { hashPaths } from '../scan/hash-paths.js';
import { explainDocument } from '../sync/explain-document.js';
import { explanationSentences } from '../sync/explanation-sentences.js';
import type { Configuration } from '../../config/schema.js';
import type { CommandContext } from './context.js';
import { EXIT } from './exit-code.js';
import { writeError, writeLine } from './output.js';
import { pathArgument } from './path-argument.js';
import { shownPath, shownText } from './shown-text.js';

export function fillWhyCommand(why: Command, context: CommandContext): void {
  why
    .argument('<thing>', 'a file, or a document as "dogear unmatched list" shows it', pathArgument)
    .requiredOption('--user <name>', 'the user whose device pushes it')
    .action(async (thing: Buffer, { user }: { readonly user: string }, command: Command) => {
      const configuration = context.configuration(command);
      const documents = existsSync(thing)
        ? await documentsOfFile(configuration, thing)
        : documentsOfArgument(thing);
      if (documents.length === 0) {
        context.exitWith(EXIT.failed);
        return;
      }
      await withStore(configuration, async (store) => {
        const { id } = await getUserByName(store, user);
        for (const document of documents) {
          const known = await explainDocument(store, OPERATOR, { userId: id, document });
          writeLine(`${shownText(document)}:`);
          for (const sentence of explanationSentences(known)) writeLine(`  ${shownText(sentence)}`);
        }
      });
    });
}

function documentsOfArgument(thing: Buffer): readonly Document[] {
  const document = parseDocument(thing.toString('utf8'));
  if (document !== undefined) return [document];
  writeError(`${shownPath(thing)}: there is no such file, and a document has 1 to 255 bytes of text`);
  return [];
}

/** Its partial MD5 and the MD5 of its name, hashed now. */
async function documentsOfFile(configuration: Configuration, path: Buffer): Promise<readonly Document[]> {
  const engine = composeEngine(configuration);
  try {
    const documents: Document[] = [];
    for await (const { outcome } of hashPaths(engine, [path], { foldersAreFailures: true })) {
      if (outcome.state === 'failed') writeError(`${shownPath(path)}: ${outcome.message}`);
      else documents.push(documentOfDigest(outcome.partialMd5), documentOfDigest(outcome.filenameMd5));
    }
    return documents;
  } finally {
    await engine.close();
  }
}
