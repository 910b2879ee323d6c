import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { repositoryRoot } from './support/repository-root.js';
import { temporaryFolder } from './support/temporary-folder.js';

// .ci/run in an empty checkout, with an npm and an npx (for a second run) that leave the report that a test prepared.

const LEAVE_REPORT = `#!/bin/sh
case "$*" in *--outputFile.json=*) ;; *) exit 0 ;; esac
report=\${*#*--outputFile.json=}
report=\${report%% *}
if [ -e prepared/hangs ]; then echo the tests hang; exec sleep 60; fi
if [ -e prepared/errors ]; then cp prepared/errors "$RETRIED_TESTS.errors"; fi
case $report in *-again.json) cp prepared/again.json "$report" ;; *) cp prepared/first.json "$report" ;; esac
! grep -q failed "$report"
`;

let checkout: string;
let env: NodeJS.ProcessEnv;

beforeEach(async () => {
  ({ path: checkout } = await temporaryFolder());
  for (const name of ['.ci', 'test', 'bin', 'prepared', 'tmp']) mkdirSync(join(checkout, name));
  copyFileSync(join(repositoryRoot, '.ci/run'), join(checkout, '.ci/run'));
  for (const name of ['npm', 'npx']) {
    writeFileSync(join(checkout, 'bin', name), LEAVE_REPORT);
    chmodSync(join(checkout, 'bin', name), 0o755);
  }
  env = {
    ...process.env,
    PATH: `${join(checkout, 'bin')}:${process.env['PATH']}`,
    TMPDIR: join(checkout, 'tmp'),
  };
});

describe('what a change must pass', () => {
  it('passes where all tests do', () => {
    prepare('first.json', report({ 'a.test.js': ['passed', 'passed'] }));
    expect(run()).toEqual({ status: 0, lastLine: '2 passed, 0 failed', isListed: false });
  });

  it('passes where a file fails only beside the others, and lists it', () => {
    prepare('first.json', report({ 'a.test.js': ['passed'], 'b.test.js': ['passed', 'failed'] }));
    prepare('again.json', report({ 'b.test.js': ['passed', 'passed'] }));
    expect(run()).toEqual({ status: 0, lastLine: '3 passed, 0 failed', isListed: true });
  });

  it('fails where the file fails again', () => {
    prepare('first.json', report({ 'b.test.js': ['passed', 'failed'] }));
    prepare('again.json', report({ 'b.test.js': ['passed', 'failed'] }));
    expect(run()).toEqual({ status: 1, lastLine: '1 passed, 1 failed', isListed: true });
  });

  it('fails after an error outside of tests, whatever a second run would say', () => {
    prepare('errors', 'a promise was rejected');
    prepare('first.json', report({ 'b.test.js': ['passed', 'failed'] }));
    prepare('again.json', report({ 'b.test.js': ['passed', 'passed'] }));
    expect(run()).toEqual({ status: 1, lastLine: '1 passed, 1 failed', isListed: false });
  });

  it('fails where the tests leave no report', () => {
    expect(run()).toEqual({ status: 1, lastLine: '0 passed, 1 failed', isListed: false });
  });

  it('ends with its step when it is stopped, and leaves nothing', async () => {
    prepare('hangs', '');
    const child = spawn(join(checkout, '.ci/run'), { env, stdio: ['ignore', 'pipe', 'ignore'] });
    child.stdout.on('data', (chunk) => {
      if (String(chunk).includes('the tests hang')) child.kill('SIGTERM');
    });
    // Standard output ends only when the step has ended as well.
    expect(await once(child, 'close')).toEqual([143, null]);
    expect(readdirSync(join(checkout, 'tmp'))).toEqual([]);
  });
});

function prepare(name: string, content: string): void {
  writeFileSync(join(checkout, 'prepared', name), content);
}

/** As vitest writes it. @param files by name: the outcomes of their tests */
function report(files: Readonly<Record<string, readonly string[]>>): string {
  const testResults = Object.entries(files).map(([name, statuses]) => ({
    name,
    status: statuses.includes('failed') ? 'failed' : 'passed',
    assertionResults: statuses.map((status) => ({ status })),
  }));
  return JSON.stringify({ testResults });
}

function run(): { readonly status: number | null; readonly lastLine: string; readonly isListed: boolean } {
  const { status, stdout } = spawnSync(join(checkout, '.ci/run'), { env, encoding: 'utf8' });
  return {
    status,
    lastLine: stdout.trimEnd().split('\n').at(-1) ?? '',
    isListed: stdout.includes('b.test.js: the whole file again'),
  };
}
