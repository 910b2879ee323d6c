import { expect, it } from 'vitest';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { serveProgram } from './served-program.js';

it.each([1, 2])('the requests of %i listening threads are logged on standard error', async (threads) => {
  const { path } = await temporaryFolder();
  const server = await serveProgram(`sqlite:${path}/a.db`, {
    settings: [`server.listeners=${String(threads)}`],
  });
  const answer = await fetch(`http://127.0.0.1:${String(server.port)}/api/v1/libraries`);
  expect(answer.status).toBe(401);
  server.send('SIGTERM');
  const { stdout, stderr } = await server.result;
  expect(stderr).toContain('"path":"/api/v1/libraries"');
  expect(stdout).toBe('');
});
