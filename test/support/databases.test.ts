import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createConnection } from 'mysql2/promise';
import { describe, expect, inject, it } from 'vitest';
import { testDatabases } from './databases.js';

describe.each(testDatabases())('a test database on $name', ({ name, create }) => {
  it('is a new one for each call of create, and is removed by drop', async () => {
    const one = await create();
    const two = await create();
    expect(one.url).not.toBe(two.url);
    expect(one.url.startsWith(`${name}:`)).toBe(true);
    if (name === 'sqlite') {
      const path = one.url.slice('sqlite:'.length);
      await writeFile(path, '');
      await one.drop();
      expect(existsSync(path)).toBe(false);
    } else {
      expect(await schemaCount(one.url)).toBe(1);
      await one.drop();
      expect(await schemaCount(one.url)).toBe(0);
    }
    await two.drop();
  });
});

async function schemaCount(url: string): Promise<number> {
  const connection = await createConnection({ uri: inject('mysqlUrl') });
  const [rows] = await connection.query('SELECT 1 FROM information_schema.schemata WHERE schema_name = ?', [
    new URL(url).pathname.slice(1),
  ]);
  await connection.end();
  return Array.isArray(rows) ? rows.length : -1;
}
