import { defineConfig } from 'vitest/config';

// The tests are compiled with the program and run from dist: what is tested is what people run,
// worker threads load the same JavaScript, and no second compiler has an opinion.
export default defineConfig({
  test: {
    root: '.',
    include: ['dist/test/**/*.test.js'],
    exclude: ['dist/test/**/*.long.test.js'],
    globalSetup: ['dist/test/support/mysql-global-setup.js'],
    // Real processes and databases on shared machines: what fails once there is tried again, twice at most.
    retry: process.env.CI ? 2 : 0,
    testTimeout: 120_000,
    hookTimeout: 180_000,
  },
});
