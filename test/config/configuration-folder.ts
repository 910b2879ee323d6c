import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigurationError } from '../../config/configuration-problem.js';
import { type ConfigurationSources, type LoadedConfiguration, loadConfiguration } from '../../config/load.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** A working folder with, or without, a dogear.yaml, and nothing of the environment of the tests. */
export interface ConfigurationFolder {
  readonly path: string;
  load(text: string | Uint8Array | undefined, sources?: ConfigurationSources): LoadedConfiguration;
  /** The lines of the error, without its heading; fails when there is none. */
  problems(text: string | Uint8Array | undefined, sources?: ConfigurationSources): readonly string[];
}

export async function configurationFolder(): Promise<ConfigurationFolder> {
  const { path } = await temporaryFolder();
  const load: ConfigurationFolder['load'] = (text, sources) => {
    if (text !== undefined) writeFileSync(join(path, 'dogear.yaml'), text);
    return loadConfiguration({ environment: {}, workingFolder: path, ...sources });
  };
  return { path, load, problems: (text, sources) => problemLines(() => load(text, sources)) };
}

function problemLines(load: () => unknown): readonly string[] {
  try {
    load();
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    const [heading, ...lines] = error.message.split('\n  ');
    const count = error.problems.length === 1 ? 'a problem' : `${error.problems.length} problems`;
    if (heading !== `The configuration has ${count}:` || lines.length !== error.problems.length) {
      throw new Error(`not one line a problem: ${error.message}`, { cause: error });
    }
    return lines;
  }
  throw new Error('there was no problem');
}
