import { defineConfig } from 'vitest/config';
import LongestFirst from './longest-first.mjs';

// This test measures how soon a server answers, so no other test may run meanwhile.
const ALONE = ['dist/test/server/compose/database-outage.long.test.js'];

const common = {
  root: '.',
  globalSetup: ['dist/test/support/mysql-global-setup.js'],
  retry: process.env.CI ? 1 : 0,
  testTimeout: 900_000,
  hookTimeout: 300_000,
};

// Tests that keep a machine busy for minutes: large libraries, load.
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          ...common,
          name: 'together',
          include: ['dist/test/**/*.long.test.js'],
          exclude: ALONE,
          // Loads of a fixed time, and scans. Side by side they compete for the processors, but the whole run is shorter.
          maxWorkers: 3,
          sequence: { groupOrder: 0 },
        },
      },
      { test: { ...common, name: 'alone', include: ALONE, maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
});
