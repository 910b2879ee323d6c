import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { DogearError } from '../domain/dogear-error.js';
import { terminalText } from '../domain/terminal-text.js';
import { InterruptError } from './interrupt.js';

/** Far more than a password or an address has. */
const INPUT_BYTES = 4096;

type AskedFor = 'password' | 'address';

/**
 * Asks for a password at the terminal, twice and without showing it. Where standard input is no terminal, the password
 * is its first line. It is never taken from an argument: other users of the machine see the arguments of a process, and
 * the shell keeps them in its history.
 *
 * @throws DogearError `password-invalid`
 * @throws InterruptError when Ctrl-C was typed
 */
export async function readPassword(name: string): Promise<string> {
  if (!process.stdin.isTTY) return firstLine('password');
  const first = await ask(`New password of ${name}: `);
  const second = await ask('Once more: ');
  if (first === second) return first;
  throw new DogearError('password-invalid', 'The two passwords are not the same. Nothing was changed.');
}

/** The same for a password that exists already: it is asked for once. */
export function readKnownPassword(name: string): Promise<string> {
  return process.stdin.isTTY ? ask(`Password of ${name}: `) : firstLine('password');
}

/** The same for an address, which may hold an API key. */
export function readSecretAddress(): Promise<string> {
  return process.stdin.isTTY ? ask('Address (it is not shown): ', 'address') : firstLine('address');
}

async function firstLine(what: AskedFor): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin) {
    const read = Buffer.from(chunk);
    chunks.push(read);
    bytes += read.length;
    if (read.includes('\n') || bytes > INPUT_BYTES) break;
  }
  const [line = ''] = Buffer.concat(chunks).toString('utf8').split(/\r?\n/, 1);
  if (line === '') {
    throw new DogearError('password-invalid', `No ${what} came from standard input. Nothing was changed.`);
  }
  return line;
}

/** The question goes to standard error: standard output is for results. What readline would echo goes nowhere. */
function ask(question: string, what: AskedFor = 'password'): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true, historySize: 0 });
  // After readline has switched the terminal's own echo off.
  process.stderr.write(terminalText(question));
  return new Promise((resolve, reject) => {
    lines.once('line', (line) => {
      resolve(line);
      lines.close();
    });
    lines.once('SIGINT', () => {
      reject(new InterruptError());
      lines.close();
    });
    // Ctrl-Z does nothing. Without this readline would suspend the program, and after `fg` nobody would read the terminal.
    lines.on('SIGTSTP', () => undefined);
    // Comes alone after Ctrl-D and when the terminal is gone. After the two above, rejecting has no effect.
    lines.once('close', () => {
      process.stderr.write('\n');
      reject(new DogearError('password-invalid', `No ${what} was typed. Nothing was changed.`));
    });
  });
}
