import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { bookFolder } from '../../support/book-folder.js';
import { freePort } from '../../support/free-port.js';
import { startProgram } from '../../support/program.js';
import { repositoryRoot } from '../../support/repository-root.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

/** What each command writes once all its threads listen. */
const LISTENING = [
  ['serve', 'stderr', /"msg":"listening"/],
  ['up', 'stdout', /KOReader syncs at/],
] as const;

it.each(LISTENING)(
  'dogear %s ends as a whole with 1 when a thread is lost',
  async (name, stream, listening) => {
    const { path: cwd } = await temporaryFolder();
    const books = await bookFolder({ 'one.epub': 'one' });
    const trigger = join(cwd, 'lose-a-thread');
    const port = String(await freePort());
    const program = startProgram(
      [
        name,
        ...(name === 'up' ? [books.path] : []),
        '--host',
        '127.0.0.1',
        '--port',
        port,
        '--set',
        'enable_koreader_sync=true',
        '--set',
        'server.listeners=2',
        '--set',
        'server.shutdown_seconds=3',
      ],
      {
        cwd,
        nodeArguments: ['--import', join(repositoryRoot, 'dist/test/server/compose/lose-thread.js')],
        env: { LOSE_THREAD: trigger },
      },
    );
    onTestFinished(() => program.send('SIGKILL'));
    const isHealthy = (): Promise<boolean> =>
      fetch(`http://127.0.0.1:${port}/healthcheck`).then(
        ({ ok }) => ok,
        () => false,
      );
    await program.output(stream, listening);
    expect(await isHealthy()).toBe(true);
    writeFileSync(trigger, '');
    const ended = await Promise.race([program.result, delay(30_000, undefined, { ref: false })]);
    expect(ended, ended?.stderr).toMatchObject({ exitCode: 1 });
    expect(ended?.stderr).toContain('a thread that answers requests was lost');
    expect(ended?.stderr).toContain('lost by the test');
    expect(await isHealthy()).toBe(false);
  },
);
