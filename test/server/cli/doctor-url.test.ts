import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram } from '../../support/program.js';
import { probedProgram, type ProbedProgram } from '../probe/probed-program.js';

describe('dogear doctor --url', () => {
  let dogear: ProbedProgram;
  let server: string;
  beforeAll(async () => {
    dogear = await probedProgram();
    server = `http://127.0.0.1:${String(await dogear.serve())}`;
  });
  afterAll(() => dogear.close());

  it('says in one sentence that KOReader can sync, and shows no key', async () => {
    const { exitCode, stdout } = await runProgram(['doctor', '--url', `${server}/koreader/${dogear.key}`]);
    expect([exitCode, stdout]).toEqual([
      0,
      expect.stringMatching(/^http:\S+\*\*\*: KOReader can sync here\.\n$/),
    ]);
  });

  it('says in one sentence what is wrong, and fails', async () => {
    const { exitCode, stdout } = await runProgram(['doctor', '--url', `${server}/koreader/nonsense`]);
    expect([exitCode, stdout]).toEqual([1, expect.stringMatching(/^http:\S+\*\*\*: .*API key.*\n$/)]);
    expect(stdout).not.toContain('nonsense');
  });

  it('takes an address with a key from standard input, where the list of processes does not show it', async () => {
    const { exitCode, stdout } = await runProgram(['doctor', '--url', '-'], {
      stdin: `${server}/koreader/${dogear.key}\n`,
    });
    expect([exitCode, stdout]).toEqual([
      0,
      expect.stringMatching(/^http:\S+\*\*\*: KOReader can sync here\.\n$/),
    ]);
    const none = await runProgram(['doctor', '--url', '-']);
    expect([none.exitCode, none.stderr]).toEqual([1, expect.stringContaining('No address came from')]);
    const both = await runProgram(['doctor', '--url', '-', '--user', 'anna'], { stdin: 'secret\n' });
    expect([both.exitCode, both.stderr]).toEqual([2, expect.stringContaining('--user')]);
  });

  it('logs in with a password from standard input', async () => {
    const args = ['doctor', '--url', server, '--user', 'anna'];
    const right = await runProgram(args, { stdin: 'secret\n' });
    expect([right.exitCode, right.stdout]).toEqual([0, `${server}/: KOReader can sync here.\n`]);
    const wrong = await runProgram(args, { stdin: 'wrong\n' });
    expect([wrong.exitCode, wrong.stdout]).toEqual([1, expect.stringContaining('the password is wrong')]);
  });

  it('says that no login was tried where it has neither key nor user', async () => {
    const { exitCode, stdout } = await runProgram(['doctor', '--url', server]);
    expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/finds Dogear here\. No login was tried/)]);
  });

  it('is needed for --user', async () => {
    const { exitCode, stderr } = await runProgram(['doctor', '--user', 'anna']);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('--user')]);
  });
});
