import { stringify } from 'yaml';
import { settings } from './schema.js';
import { type Setting, type SettingTree, isSetting } from './setting.js';

const HEADING = `# Every setting of Dogear with its default. Copy the settings that you change into dogear.yaml in the folder
# where dogear runs, or into another file that --config FILE or DOGEAR_CONFIG names.
#
# The environment overrides this file, and flags override the environment. The environment variable of each
# setting is named above it; the flag --set group.name=value sets any of them. null means "not set". dogear config
# prints the effective values and where each comes from. Relative paths start at the folder of this file.
`;
/** Columns of a comment line. */
const WIDTH = 110;

/** The text of config/example.yaml. */
export function exampleFile(): string {
  return HEADING + settingLines(settings, '').join('\n') + '\n';
}

function settingLines(tree: SettingTree, indent: string): readonly string[] {
  return Object.entries(tree).flatMap(([name, node]) => {
    if (!isSetting(node))
      return [...(indent === '' ? [''] : []), `${indent}${name}:`, ...settingLines(node, `${indent}  `)];
    const value = stringify(node.default ?? null).trimEnd();
    const remarks = [...comment(node.sentence, indent), ...comment(takes(node), indent)];
    return [...(indent === '' ? [''] : []), ...remarks, `${indent}${name}: ${value}`];
  });
}

function takes({ kind, environment, flag }: Setting<unknown>): string {
  const places = flag === undefined ? environment : `${environment}, ${flag}`;
  return `Takes ${kind.expected}. Also: ${places}`;
}

function comment(text: string, indent: string): readonly string[] {
  const rows: string[] = [];
  let row = `${indent}#`;
  for (const word of text.split(' ')) {
    if (row.length + 1 + word.length > WIDTH) {
      rows.push(row);
      row = `${indent}#`;
    }
    row += ` ${word}`;
  }
  return [...rows, row];
}
