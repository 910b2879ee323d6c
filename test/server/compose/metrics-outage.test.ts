import { createConnection } from 'mysql2/promise';
import { expect, it, onTestFinished } from 'vitest';
import { startPrivateMysql } from '../../support/private-mysql.js';
import { serveProgram } from './served-program.js';

/** Less than a scrape waits, with room for a loaded machine. */
const SCRAPE_MS = 1500;

it('/metrics answers while the database is frozen or gone', async () => {
  const mysql = await startPrivateMysql();
  onTestFinished(() => mysql.remove());
  const connection = await createConnection({ uri: mysql.url });
  await connection.query('create database dogear');
  await connection.end();
  const { port } = await serveProgram(`${mysql.url}/dogear`);
  const scrape = async (): Promise<void> => {
    const startedMs = performance.now();
    const answer = await fetch(`http://127.0.0.1:${String(port)}/metrics`);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toMatch(/^dogear_pushes_waiting 0$/m);
    expect(performance.now() - startedMs).toBeLessThan(SCRAPE_MS);
  };
  await scrape();
  process.kill(mysql.processId, 'SIGSTOP');
  await scrape();
  process.kill(mysql.processId, 'SIGKILL');
  await scrape();
});
