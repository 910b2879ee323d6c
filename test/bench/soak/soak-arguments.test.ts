import { expect, it } from 'vitest';
import { parseSoakArguments } from '../../../bench/soak/soak-arguments.js';

it('a soak takes half an hour on both databases with all faults, unless it is told otherwise', () => {
  expect(parseSoakArguments([])).toMatchObject({ minutes: 30, databases: ['sqlite', 'mysql'] });
  const args = ['--minutes', '0.5', '--databases', 'mysql', '--faults', 'disk full,server killed'];
  expect(parseSoakArguments(args)).toEqual({
    minutes: 0.5,
    databases: ['mysql'],
    faults: ['disk full', 'server killed'],
    logFolder: undefined,
  });
});

it.each([
  [['--minutes', 'x'], '--minutes takes a number of minutes'],
  [['--databases', 'oracle'], 'there is no "oracle"'],
  [['--faults', 'rain'], '--faults: there is no "rain"; there are none; database stopped'],
])('refuses %j', (args, message) => {
  expect(() => parseSoakArguments(args)).toThrow(message);
});
