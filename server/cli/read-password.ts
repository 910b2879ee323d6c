import { DogearError } from '../domain/dogear-error.js';

/** Far more than a password has. */
const INPUT_BYTES = 4096;

const ENTER = new Set(['\r', '\n']);
const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
const ERASE = new Set(['\u0008', '\u007f']);

/**
 * A password from the terminal, twice and without showing it, or else the first line of standard input. Never from an
 * argument: other users of the machine see those, and the shell writes them down.
 *
 * @throws DogearError `password-invalid`
 */
export async function readPassword(name: string): Promise<string> {
  if (!process.stdin.isTTY) return firstLine();
  const first = await prompt(`New password of ${name}: `);
  const second = await prompt('Once more: ');
  if (first === second) return first;
  throw new DogearError('password-invalid', 'The two are not the same. Nothing was changed.');
}

async function firstLine(): Promise<string> {
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
    throw new DogearError('password-invalid', 'No password came from standard input. Nothing was changed.');
  }
  return line;
}

function prompt(question: string): Promise<string> {
  const { stdin, stderr } = process;
  stderr.write(question);
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  stdin.resume();
  return new Promise((resolve, reject) => {
    let typed = '';
    const end = (settle: () => void): void => {
      stdin.setRawMode(false);
      stdin.pause();
      stdin.removeListener('data', take);
      stderr.write('\n');
      settle();
    };
    const take = (text: string): void => {
      for (const character of text) {
        if (ENTER.has(character)) {
          end(() => resolve(typed));
          return;
        }
        if (character === CTRL_C || character === CTRL_D) {
          end(() => reject(new DogearError('password-invalid', 'Stopped. Nothing was changed.')));
          return;
        }
        if (ERASE.has(character)) typed = Array.from(typed).slice(0, -1).join('');
        else if (typed.length < INPUT_BYTES) typed += character;
      }
    };
    stdin.on('data', take);
  });
}
