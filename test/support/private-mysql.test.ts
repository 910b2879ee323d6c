import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import { afterAll, expect, it } from 'vitest';
import { type PrivateMysql, startPrivateMysql } from './private-mysql.js';

let mysql: PrivateMysql | undefined;
afterAll(() => mysql?.remove());

it('keeps its data when it is stopped, killed and started again, and flushes every commit', async () => {
  mysql = await startPrivateMysql();
  await execute(mysql.url, 'CREATE DATABASE kept');
  await mysql.stop();
  await expect(execute(mysql.url, 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await mysql.start();
  await execute(mysql.url, 'CREATE TABLE kept.row_kept (id INT PRIMARY KEY) ENGINE=InnoDB');
  await execute(mysql.url, 'INSERT INTO kept.row_kept VALUES (7)');
  process.kill(mysql.processId, 'SIGKILL');
  await mysql.stop();
  await mysql.start();
  expect(await execute(mysql.url, 'SELECT id FROM kept.row_kept')).toEqual([{ id: 7 }]);
  expect(await execute(mysql.url, 'SELECT @@innodb_flush_log_at_trx_commit AS flush')).toEqual([
    { flush: 1 },
  ]);
});

it('leaves no process and no file when the process that started it is killed', async () => {
  const module = new URL('./private-mysql.js', import.meta.url).href;
  const script = `
    const { startPrivateMysql } = await import(${JSON.stringify(module)});
    const { createConnection } = await import('mysql2/promise');
    const mysql = await startPrivateMysql();
    const connection = await createConnection({ uri: mysql.url });
    const [[{ folder }]] = await connection.query('SELECT @@datadir AS folder');
    console.log(JSON.stringify({ folder, processId: mysql.processId }));
    await new Promise(() => setInterval(() => {}, 1000));`;
  const run = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [chunk]: unknown[] = await once(run.stdout, 'data');
  const started: unknown = JSON.parse(String(chunk));
  if (!isStarted(started)) throw new Error(`unexpected: ${String(chunk)}`);
  run.kill('SIGKILL');
  while (existsSync(started.folder) || isAlive(started.processId)) await sleep(50);
});

function isStarted(value: unknown): value is { folder: string; processId: number } {
  return typeof value === 'object' && value !== null && 'folder' in value && 'processId' in value;
}

function isAlive(processId: number): boolean {
  try {
    return process.kill(processId, 0);
  } catch {
    return false;
  }
}

async function execute(uri: string, statement: string): Promise<unknown> {
  const connection = await createConnection({ uri });
  try {
    const [rows] = await connection.query(statement);
    return rows;
  } finally {
    await connection.end();
  }
}
