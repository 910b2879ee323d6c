import { defineConfig } from 'vitest/config';

// Tests that take longer than a minute: large libraries, killed scans, load.
export default defineConfig({
  test: {
    root: '.',
    include: ['dist/test/**/*.long.test.js'],
    globalSetup: ['dist/test/support/mysql-global-setup.js'],
    fileParallelism: false,
    retry: process.env.CI ? 1 : 0,
    testTimeout: 900_000,
    hookTimeout: 300_000,
  },
});
