import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openStore } from '../../../server/database/store.js';
import { runProgram, startProgram } from '../../support/program.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

/** C1 (CSI in one character), a mark that turns the text around, and a line separator. */
const HOSTILE = 'a\u009b2Jb\u202egpj\u2028c';
const SHOWN = String.raw`a\u009b2Jb\u202egpj\u2028c`;
const UNSAFE = /[\u0080-\u009f\u200e\u200f\u2028\u2029\u202a-\u202e]/;

it('names reach the terminal escaped from commands of every kind, and JSON has the same values', async () => {
  const { path: cwd } = await temporaryFolder();
  mkdirSync(join(cwd, HOSTILE));
  writeFileSync(join(cwd, HOSTILE, `${HOSTILE}.epub`), 'a book');
  const outputs: string[] = [];
  const run = async (...args: string[]) => {
    const { stdout, stderr } = await runProgram(args, { cwd });
    outputs.push(stdout + stderr);
    return stdout + stderr;
  };
  expect(await run('library', 'add', HOSTILE, HOSTILE)).toContain('control characters');
  await run('library', 'add', 'books', HOSTILE);
  // A release before took such names.
  const store = await openStore(`sqlite:${join(cwd, 'dogear.db')}`);
  await store.db.updateTable('library').set({ name: HOSTILE }).execute();
  await store.close();
  expect(await run('library', 'list')).toContain(`${SHOWN}: `);
  expect(JSON.parse(await run('library', 'list', '--json'))).toMatchObject({ name: HOSTILE });
  expect(await run('scan')).toContain(`${SHOWN}: 1 file in`);
  expect(await run('hash', `${HOSTILE}.pdf`)).toContain(`${SHOWN}.pdf`);
  await run('hash', '--json', HOSTILE, `${HOSTILE}.pdf`);
  await run(HOSTILE);
  await run('doctor', '--database', `sqlite:${HOSTILE}`);
  for (const output of outputs) expect(output).not.toMatch(UNSAFE);
});

it.each(['text', 'json'])('a log in %s shows what clients send escaped', async (format) => {
  const { path: cwd } = await temporaryFolder();
  const program = startProgram(
    [
      'serve',
      '--host',
      '127.0.0.1',
      '--port',
      '0',
      '--set',
      `log.format=${format}`,
      '--set',
      'log.level=debug',
    ],
    { cwd },
  );
  const [, address = ''] = await program.output('stderr', /(http:\/\/127\.0\.0\.1:\d+)/);
  // fetch() would encode these characters. The end of the socket stays open: a client that leaves is logged without them.
  const socket = connect(Number(new URL(address).port), '127.0.0.1');
  socket.write(`GET /api/v1/books/${HOSTILE} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  await program.output('stderr', /\\u009b/);
  socket.destroy();
  program.send('SIGTERM');
  await program.result;
  expect(program.stderr()).not.toMatch(UNSAFE);
});
