import type { Command } from 'commander';
import { translatePosition } from '../translation/translate-position.js';
import type { TranslationQuery } from '../translation/translations.js';
import { TranslationThread } from '../compose/translation-thread.js';
import type { CommandContext } from './context.js';
import { EXIT } from './exit-code.js';
import { writeError, writeJsonLine, writeLine } from './output.js';
import { pathArgument } from './path-argument.js';
import { jsonPath } from './shown-text.js';

interface TranslateFlags {
  readonly xpointer?: string;
  readonly cfi?: string;
  readonly json?: true;
}

/** Includes starting the thread and reading the book from a slow disk. */
const TIMEOUT_MS = 10_000;

export function fillTranslateCommand(translate: Command, context: CommandContext): void {
  translate
    .argument('<book>', 'an EPUB, a FictionBook or an HTML file', pathArgument)
    .option('--xpointer <string>', 'a position in the form of KOReader')
    .option('--cfi <string>', 'a position in the form of web readers: epubcfi(…)')
    .option('--json', 'one JSON object, with the Readium locator')
    .action(async (book: Buffer, flags: TranslateFlags) => {
      const query = queryOf(flags);
      if (query === undefined) {
        writeError('give one position: --xpointer STRING or --cfi STRING.');
        context.exitWith(EXIT.usage);
        return;
      }
      await printTranslation(book, query, flags);
    });
}

function queryOf({ xpointer, cfi }: TranslateFlags): TranslationQuery | undefined {
  if ((xpointer === undefined) === (cfi === undefined)) return undefined;
  if (cfi !== undefined) return { kind: 'cfi', cfi };
  return { kind: 'position', position: xpointer ?? '' };
}

async function printTranslation(
  path: Buffer,
  query: TranslationQuery,
  { json }: TranslateFlags,
): Promise<void> {
  const thread = new TranslationThread({ timeoutMs: TIMEOUT_MS });
  try {
    const { position, lines } = await translatePosition(thread.translate, path, query);
    if (json !== true) {
      for (const line of lines) writeLine(line);
      return;
    }
    writeJsonLine({
      ...jsonPath(path),
      xpointer: position.xpointer,
      xpointer_confidence: position.xpointerConfidence,
      cfi: position.cfi ?? null,
      cfi_confidence: position.cfiConfidence,
      epubjs_cfi: position.epubJsCfi ?? null,
      locator: position.locator,
      percentage: position.percentage,
      chapter_percentage: position.chapterPercentage,
      chapter_title: position.chapterTitle ?? null,
      text_before: position.textBefore,
      text_after: position.textAfter,
      chapter_problem: position.chapterProblem ?? null,
    });
  } finally {
    await thread.close();
  }
}
