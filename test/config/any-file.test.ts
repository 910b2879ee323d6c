import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { ConfigurationError } from '../../config/configuration-problem.js';
import { describeConfiguration } from '../../config/describe.js';
import { allSettings } from '../../config/schema.js';
import { type ConfigurationFolder, configurationFolder } from './configuration-folder.js';

let folder: ConfigurationFolder;
beforeAll(async () => {
  folder = await configurationFolder();
});

describe('whatever the file holds', () => {
  const name = fc.oneof(
    fc.constantFrom(...[...allSettings.keys()].flatMap((path) => path.split('.'))),
    fc.string(),
    fc.constantFrom('__proto__', 'constructor', 'toString', 'type', 'kind', '<<'),
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.oneof(fc.string(), fc.integer(), fc.double(), fc.boolean(), fc.constant(null)),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(name, tie('value'), { maxKeys: 5, noNullPrototype: true }),
    ),
  }));
  const snippet = fc.constantFrom(
    ...'\n \t:-[]{}&*!|>\'"%@`#?,'.split(''),
    'server:',
    ' port',
    '&a',
    '*a',
    '<<',
    '---',
    'ä',
  );
  const texts = fc.oneof(
    fc.string(),
    fc.array(snippet, { maxLength: 40 }).map((parts) => parts.join('')),
    value.map((tree) => stringify(tree)),
  );

  it('nothing is thrown but the error that collects, and nothing is half right', () => {
    fc.assert(
      fc.property(texts, (text) => {
        try {
          const { configuration } = folder.load(text);
          expect(Object.isFrozen(configuration)).toBe(true);
          expect(Object.keys(configuration)).toHaveLength(9);
        } catch (error) {
          if (!(error instanceof ConfigurationError)) throw error;
          expect(error.problems.length).toBeGreaterThan(0);
          for (const { origin } of error.problems) {
            expect(origin).toMatchObject({ source: 'file', file: 'dogear.yaml' });
            if (origin.source === 'file') expect(Math.min(origin.line, origin.column)).toBeGreaterThan(0);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('the password of a database address is never shown', () => {
    const password = 'geheim';
    const around = fc.string({ unit: fc.constantFrom(...'ab:/@?#%[]{}\'"\n &*!|'.split('')), maxLength: 6 });
    const url = fc
      .tuple(fc.constantFrom('mysql://', 'mariadb://', 'mysql:', 'postgres://', ''), around, around, around)
      .map(([scheme, user, before, after]) => `${scheme}${user}:${before}${password}${after}@host/db`);
    const shape = fc.constantFrom<(text: string) => string>(
      // Without spaces: what a line break or a comment leaves of an address may be a name, or another address.
      (text) => `database:\n  url: ${text.replaceAll(/\s/g, '')}\n`,
      (text) => stringify({ database: { url: text } }),
      (text) => stringify({ database: { url: [text] } }),
      (text) => stringify({ database: { url: { [text]: text } } }),
    );
    fc.assert(
      fc.property(url, shape, (text, write) => {
        const shown = [];
        for (const load of [
          () => folder.load(write(text)),
          () => folder.load('', { environment: { DOGEAR_DATABASE_URL: text } }),
        ]) {
          try {
            shown.push(describeConfiguration(load()));
          } catch (error) {
            if (!(error instanceof ConfigurationError)) throw error;
            shown.push(error.message, JSON.stringify(error));
          }
        }
        expect(shown.join('\n')).not.toContain(password);
      }),
      { numRuns: 1000 },
    );
  });
});
