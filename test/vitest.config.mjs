import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import LongestFirst from './longest-first.mjs';

// These tests measure how soon a server answers, so no other test may run meanwhile.
const ALONE = [
  'dist/test/server/http/routes/kosync/database-away.test.js',
  'dist/test/server/compose/metrics-outage.test.js',
];

const common = {
  root: '.',
  globalSetup: ['dist/test/support/mysql-global-setup.js'],
  // The tests use real processes and databases, and CI machines are shared. .ci/run lists the tests that were retried.
  retry: process.env.CI ? 2 : 0,
  // A poll that waits for what comes ends when it comes. One second, vitest's default, is what pages take to show a change.
  expect: { poll: { timeout: 20_000 } },
  testTimeout: 120_000,
  hookTimeout: 180_000,
};

// The tests are compiled with the program and run from dist: they test the JavaScript that people run, and worker
// threads load the same files.
export default defineConfig({
  test: {
    // Many tests wait for a child process, a database or a clock. vitest's default, one worker less than there are
    // cores, would leave most of a small machine idle.
    maxWorkers: availableParallelism() + 2,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          ...common,
          name: 'together',
          globalSetup: [...common.globalSetup, 'dist/test/support/console-global-setup.js'],
          include: ['dist/test/**/*.test.js'],
          exclude: ['dist/test/**/*.{long,cluster}.test.js', ...ALONE],
          sequence: { groupOrder: 0 },
        },
      },
      { test: { ...common, name: 'alone', include: ALONE, maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
});
