import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runProgram } from '../../support/program.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

it(
  'everybody moves by a file or a pipe, whose secrets only the operator reads',
  { timeout: 120_000 },
  async () => {
    const { path: cwd } = await temporaryFolder();
    const dogear = (database: string, args: readonly string[], stdin = '') =>
      runProgram([...args, '--database', `sqlite:${join(cwd, database)}`], { cwd, stdin });
    await dogear('old.db', ['user', 'add', 'anna', '--password'], 'geheim');
    const file = join(cwd, 'export.jsonl');
    expect(await dogear('old.db', ['export', '--secrets', '--output', file])).toMatchObject({
      exitCode: 0,
      stdout: '',
      stderr: '',
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const again = await dogear('old.db', ['export', '--output', file]);
    expect(again).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('already. Remove it') as string,
    });
    const { stdout } = await dogear('old.db', ['export']);
    expect(stdout).toMatch(
      /^\{"dogear_export":1,.*\n\{"type":"user","name":"anna".*\n\{"type":"end","lines":1\}\n$/,
    );
    expect(stdout).not.toContain('scrypt');
    const dry = await dogear('new.db', ['import', 'dogear', file]);
    expect(dry.stdout).toContain('Users: 1 would be added, 0 there already.');
    const piped = await dogear('new.db', ['import', 'dogear', '-', '--apply'], readFileSync(file, 'utf8'));
    expect(piped).toMatchObject({ exitCode: 0, stderr: '' });
    expect(piped.stdout).toContain('Users: 1 added, 0 there already.');
    expect(await dogear('new.db', ['import', 'dogear', join(cwd, 'gone')])).toMatchObject({
      exitCode: 1,
      stderr: `dogear: There is no file ${join(cwd, 'gone')}.\n`,
    });
  },
);
