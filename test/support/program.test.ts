import { expect, it } from 'vitest';
import { runProgram, startProgram } from './program.js';

it('returns the output and exit code of the built program', async () => {
  const result = await runProgram(['--help']);
  expect(result).toMatchObject({ exitCode: 0, signal: undefined, stderr: '' });
  expect(result.stdout).toContain('dogear');
});

it('passes no setting from the environment of the tests on', async () => {
  process.env['DOGEAR_LOG_LEVEL'] = 'wrong';
  try {
    const printed = "process.on('exit', () => console.error(Object.keys(process.env).join(' ')))";
    const nodeArguments = ['--import', `data:text/javascript,${encodeURIComponent(printed)}`];
    const { stderr } = await runProgram(['--help'], { env: { DOGEAR_JOBS: '2' }, nodeArguments });
    expect(stderr.split(/\s/).filter((name) => name.startsWith('DOGEAR_'))).toEqual(['DOGEAR_JOBS']);
  } finally {
    delete process.env['DOGEAR_LOG_LEVEL'];
  }
});

it('reports the signal that ended the program, and that an awaited output never came', async () => {
  const hang = `data:text/javascript,${encodeURIComponent("console.log('waiting'); await new Promise(() => setInterval(() => {}, 1000))")}`;
  const program = startProgram(['--help'], { nodeArguments: ['--import', hang] });
  await program.output('stdout', /waiting/);
  const never = expect(program.output('stdout', /never/)).rejects.toThrow('it wrote:\nwaiting');
  program.send('SIGTERM');
  expect(await program.result).toMatchObject({ exitCode: undefined, signal: 'SIGTERM' });
  await never;
});
