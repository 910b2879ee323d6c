import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tablesOf } from '../../support/house-rules.js';
import { repositoryRoot } from '../../support/repository-root.js';

const folder = join(repositoryRoot, 'test/data/schema');
const newest = readdirSync(folder)
  .filter((name) => name.endsWith('.mysql.txt'))
  .toSorted()
  .at(-1);
const schema = readFileSync(join(folder, newest ?? ''), 'utf8');
const document = readFileSync(join(repositoryRoot, 'server/database/SHARDING.md'), 'utf8');

describe('the document about spreading the database by user', () => {
  it('has a row for every table of the schema, and for no other', () => {
    expect([...tablesUnder('are spread'), ...tablesUnder('are not')].toSorted()).toEqual(
      tablesOf(schema).toSorted(),
    );
  });

  it.each(tablesUnder('are spread'))('is right that %s can be spread', (table) => {
    const keys = [...schema.matchAll(new RegExp(`^${table} key (\\w+) \\((.*)\\) unique$`, 'gm'))].map(
      ([, name = '', columns = '']) => ({ name, columns: columns.split(', ') }),
    );
    // A primary key that begins with the user keeps the rows of a user together.
    expect(keys.find(({ name }) => name === 'primary')?.columns[0]).toBe('user_id');
    // Only within one shard is a key held to be unique.
    expect(keys.filter(({ columns }) => !columns.includes('user_id'))).toEqual([]);
    expect(schema).not.toMatch(new RegExp(`^${table}\\..* auto_increment$`, 'm'));
  });
});

/** The first column of the table below a heading that ends like this. */
function tablesUnder(heading: string): readonly string[] {
  const section = document.split('\n## ').find((part) => part.split('\n')[0]?.endsWith(heading)) ?? '';
  return [...section.matchAll(/^\| `(\w+)`/gm)].map(([, name = '']) => name);
}
