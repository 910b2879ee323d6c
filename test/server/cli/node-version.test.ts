import { describe, expect, it } from 'vitest';
import { oldNodeProblem } from '../../../server/cli/node-version.js';
import { packageManifest } from '../../support/package-manifest.js';
import { runProgram } from '../../support/program.js';

describe('a Node.js that is too old', () => {
  it.each(['12.22.12', '18.20.8', '20.18.3'])('is %s', (version) => {
    expect(oldNodeProblem(version)).toBe(
      `Dogear needs Node.js 20.19 or later, and this is ${version}: install a newer one, such as Node.js 24.`,
    );
  });

  it.each(['20.19.0', '22.0.0', '26.12.1', process.versions.node])('is not %s', (version) => {
    expect(oldNodeProblem(version)).toBeUndefined();
  });

  it('is one that package.json calls so', () => {
    expect(packageManifest.engines.node).toBe('>=20.19');
  });

  it('is told in one sentence at the start of any command', async () => {
    const older = "Object.defineProperty(process.versions, 'node', { value: '18.20.8' })";
    const { exitCode, stdout, stderr } = await runProgram(['serve'], {
      nodeArguments: ['--import', `data:text/javascript,${encodeURIComponent(older)}`],
    });
    expect(stderr).toBe(`dogear: ${oldNodeProblem('18.20.8') ?? ''}\n`);
    expect([exitCode, stdout]).toEqual([1, '']);
  });
});
