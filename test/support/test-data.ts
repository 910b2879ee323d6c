import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from './repository-root.js';

/** Parses a JSON file of test/data. Data files are not copied to `dist/`, where the tests run. */
export function readTestData(name: string): unknown {
  return JSON.parse(readFileSync(join(repositoryRoot, 'test', 'data', name), 'utf8'));
}
