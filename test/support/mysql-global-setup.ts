import type { TestProject } from 'vitest/node';
import { startPrivateMysql } from './private-mysql.js';
import { createRunFolder } from './run-folder.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** A server where databases may be created and dropped. A database in the URL's path is ignored. */
    mysqlUrl: string;
    /** A folder that is removed at the end of the run; see temporary-folder.ts. */
    runFolder: string;
  }
}

/**
 * Provides every test run with a temporary folder and a MySQL server: that of DOGEAR_TEST_MYSQL_URL, or one that it
 * starts. When neither is possible the run fails; tests against MySQL are never skipped.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await createRunFolder();
  project.provide('runFolder', folder.path);
  const givenUrl = process.env['DOGEAR_TEST_MYSQL_URL'];
  if (givenUrl !== undefined && givenUrl !== '') {
    project.provide('mysqlUrl', givenUrl);
    return () => folder.remove();
  }
  try {
    // Tests of what outlives a server start one of their own.
    const mysql = await startPrivateMysql({ isDurable: false });
    project.provide('mysqlUrl', mysql.url);
    return async () => {
      await mysql.remove();
      await folder.remove();
    };
  } catch (error) {
    await folder.remove();
    throw error;
  }
}
