import { createInterface } from 'node:readline/promises';
import { terminalText } from '../domain/terminal-text.js';
import { writeError } from './output.js';

/**
 * Asks on a terminal. Elsewhere nobody can answer, so `--yes` has to be given.
 *
 * @returns whether the answer was yes; otherwise it was said that nothing was removed
 */
export async function isConfirmed(question: string, isYes: boolean): Promise<boolean> {
  if (isYes) return true;
  if (!process.stdin.isTTY) {
    writeError('nothing was removed: there is no terminal to ask at. Add --yes to remove it.');
    return false;
  }
  // The question goes to standard error: standard output is for results.
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
  const answer = await Promise.race([lines.question(terminalText(`${question} [y/N] `)), ended]);
  lines.close();
  if (/^y(es)?$/i.test(answer.trim())) return true;
  writeError('nothing was removed.');
  return false;
}
