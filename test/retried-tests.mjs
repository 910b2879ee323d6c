import { appendFileSync } from 'node:fs';

/**
 * A reporter of vitest: appends every test that needed more than one try to the file that RETRIED_TESTS names, and every error
 * outside of tests to a file beside it, because vitest's report in JSON lacks those.
 */
export default class RetriedTests {
  onTestRunEnd(testModules, unhandledErrors) {
    const file = process.env.RETRIED_TESTS;
    if (file === undefined) throw new Error('RETRIED_TESTS names no file');
    for (const { message } of unhandledErrors) appendFileSync(`${file}.errors`, `${message}\n`);
    for (const testModule of testModules) {
      for (const test of testModule.children.allTests()) {
        const { retryCount = 0 } = test.diagnostic() ?? {};
        if (retryCount === 0) continue;
        const tries = `${retryCount + 1} tries, ${test.result().state}`;
        appendFileSync(file, `${testModule.relativeModuleId}: ${test.fullName} (${tries})\n`);
      }
    }
  }
}
