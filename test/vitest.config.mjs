import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import LongestFirst from './longest-first.mjs';

// What measures how soon something answers needs a machine that does nothing else meanwhile.
const ALONE = [
  'dist/test/server/http/routes/kosync/database-away.test.js',
  'dist/test/server/compose/metrics-outage.test.js',
];

const common = {
  root: '.',
  globalSetup: ['dist/test/support/mysql-global-setup.js'],
  // Real processes and databases on shared machines: what fails once there is tried again, twice at most.
  retry: process.env.CI ? 2 : 0,
  testTimeout: 120_000,
  hookTimeout: 180_000,
};

// The tests are compiled with the program and run from dist: what is tested is what people run,
// worker threads load the same JavaScript, and no second compiler has an opinion.
export default defineConfig({
  test: {
    // Many tests wait for a child process, a database or a clock: vitest's own choice, a core less than there are,
    // leaves most of a small machine idle.
    maxWorkers: availableParallelism() + 1,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          ...common,
          name: 'together',
          include: ['dist/test/**/*.test.js'],
          exclude: ['dist/test/**/*.long.test.js', ...ALONE],
          sequence: { groupOrder: 0 },
        },
      },
      { test: { ...common, name: 'alone', include: ALONE, maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
});
