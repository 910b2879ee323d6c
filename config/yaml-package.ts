import { createRequire } from 'node:module';
import type * as YamlPackage from 'yaml';

const require = createRequire(import.meta.url);

/** Loads the package where a file has to be parsed: that takes 20 ms, which a command without a file need not wait. */
export function yaml(): typeof YamlPackage {
  const loaded: typeof YamlPackage = require('yaml');
  return loaded;
}
