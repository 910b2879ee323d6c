/** The oldest Node.js that runs Dogear; package.json says the same (`engines`). */
const OLDEST = { major: 20, minor: 19 };

/**
 * What is wrong with the version of Node.js; `undefined` when it is new enough. To be called before anything else is
 * loaded: an older Node.js fails at the first import that it lacks, with a stack that names neither reason nor way out.
 *
 * @param version as in `process.versions.node`
 */
export function oldNodeProblem(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > OLDEST.major || (major === OLDEST.major && minor >= OLDEST.minor)) return undefined;
  return (
    `Dogear needs Node.js ${String(OLDEST.major)}.${String(OLDEST.minor)} or later, and this is ${version}: ` +
    'install a newer one, such as Node.js 24.'
  );
}
