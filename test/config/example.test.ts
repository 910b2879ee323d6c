import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { exampleFile } from '../../config/example.js';
import { allSettings } from '../../config/schema.js';
import { repositoryRoot } from '../support/repository-root.js';
import { configurationFolder } from './configuration-folder.js';

it('config/example.yaml is made from the schema; npm run test:one -- config/example --update writes it', async () => {
  await expect(exampleFile()).toMatchFileSnapshot(join(repositoryRoot, 'config/example.yaml'));
});

it('config/example.yaml sets every setting to its default', async () => {
  const folder = await configurationFolder();
  const defaults = folder.load(undefined);
  const example = folder.load(readFileSync(join(repositoryRoot, 'config/example.yaml')));
  expect(example.configuration).toEqual(defaults.configuration);
  expect(new Set(example.effective.map(({ origin }) => origin.source))).toEqual(new Set(['file']));
});

it('environment names and flags are each used once', () => {
  const names = [...allSettings.values()].map(({ environment }) => environment);
  const flags = [...allSettings.values()].flatMap(({ flag }) => flag ?? []);
  expect(new Set(names).size).toBe(names.length);
  expect(new Set(flags).size).toBe(flags.length);
  for (const name of names) expect(name).toMatch(/^(DOGEAR_[A-Z0-9_]+|ENABLE_KOREADER_SYNC)$/);
});
