import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Reads a JSON file of test/data; the tests run from `dist/`, the data is not copied there. */
export function readTestData(name: string): unknown {
  return JSON.parse(readFileSync(join(process.cwd(), 'test', 'data', name), 'utf8'));
}
