/**
 * Options of vitest: Node.js itself imports the compiled tests and the program, as people run it. By default vite would
 * transform each file and send it to the process of each test file. Imports by Node.js take a third of that time. No test
 * replaces modules, which is all that would need vitest's loader.
 */
export const NATIVE_IMPORTS = { viteModuleRunner: false, nodeLoader: false };
