import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { repositoryRoot } from './repository-root.js';

const names = z.record(z.string(), z.string());
const schema = z.object({
  version: z.string(),
  engines: z.object({ node: z.string() }),
  scripts: names,
  dependencies: names,
  devDependencies: names,
  optionalDependencies: names,
});

/** The parts of package.json that tests use. */
export const packageManifest = schema.parse(
  JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')),
);
