import { defineConfig } from 'vitest/config';

// Servers of a cluster that are killed, frozen and cut off under load. Not a part of .ci/run, because what they show
// depends on how soon a busy machine's servers miss each other.
export default defineConfig({
  test: {
    globalSetup: ['dist/test/support/mysql-global-setup.js'],
    include: ['dist/test/**/*.cluster.test.js'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    maxWorkers: 1,
  },
});
