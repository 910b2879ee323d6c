import type { TestProject } from 'vitest/node';
import { startPrivateMysql } from './private-mysql.js';
import { createRunFolder } from './run-folder.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** A server whose databases may be created and dropped; a database in the path is not used. */
    mysqlUrl: string;
    /** Removed at the end of the run; see temporary-folder.ts. */
    runFolder: string;
  }
}

/**
 * Gives every test run a temporary folder and a MySQL server: that of DOGEAR_TEST_MYSQL_URL, or one of its own.
 * Without either the run fails; the MySQL half of the tests is never skipped.
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
    const mysql = await startPrivateMysql();
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
