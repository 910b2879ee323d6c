import { expect, it } from 'vitest';
import { parseConsoleArguments } from '../../../bench/console/console-arguments.js';

it('measures both databases by default', () => {
  expect(parseConsoleArguments([])).toEqual({
    databases: ['sqlite', 'mysql'],
    seconds: 6,
    rounds: 6,
    consoles: 10,
    rate: 1000,
  });
});

it('says which numbers and databases there are', () => {
  expect(() => parseConsoleArguments(['--consoles', 'many'])).toThrow(
    '--consoles takes a whole number from 1 on',
  );
  expect(() => parseConsoleArguments(['--databases', 'redis'])).toThrow('there is no "redis"');
});
