import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { platform } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { repositoryRoot } from '../../support/repository-root.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const FIRST = 'New password of anna: ';
const SECOND = 'Once more: ';

// util-linux's `script` gives the program a terminal; it has other arguments on other systems.
it.skipIf(platform() !== 'linux').each([
  ['takes a password that was typed twice', ['geheimm\u007f\r', 'geheim\r'], 0, 'Added the user anna'],
  ['forgets what Ctrl-U erases', ['wrong\u0015geheim\r', 'geheim\r'], 0, 'Added the user anna'],
  ['does not stop at Ctrl-Z', ['ge\u001aheim\r', 'geheim\r'], 0, 'Added the user anna'],
  ['refuses two that differ', ['geheim\r', 'geheimer\r'], 1, 'The two passwords are not the same.'],
  ['stops at Ctrl-C', ['geheim\u0003'], 130, 'Stopped. Nothing was changed.'],
  ['stops at Ctrl-C when asking again', ['geheim\r', 'geheim\u0003'], 130, 'Stopped. Nothing was changed.'],
  ['ends at Ctrl-D', ['\u0004'], 1, 'No password was typed.'],
])(
  'the password prompt %s, and shows nothing of it',
  async (_what, typed, exitCode, said) => {
    const { path: cwd } = await temporaryFolder();
    const main = join(repositoryRoot, 'dist/server/main.js');
    // With job control, as in a shell that people use: Ctrl-Z could suspend the program.
    const command = `bash --norc -m -c "'${process.execPath}' '${main}' user add anna --password; exit \\$?"`;
    const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], { cwd });
    let shown = '';
    let answered = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      shown += chunk.toString();
      // The terminal itself would show what is typed before the prompt.
      if (shown.includes([FIRST, SECOND][answered] ?? '\0')) child.stdin.write(typed[answered++] ?? '');
    });
    const [code] = (await once(child, 'close')) as [number];
    expect({ code, shown }).toEqual({ code: exitCode, shown: expect.stringContaining(said) as string });
    for (const secret of ['geh', 'wrong', '\u001b']) expect(shown).not.toContain(secret);
  },
  60_000,
);
