import type { Document } from 'yaml';
import type { ConfigurationProblem, Origin } from './configuration-problem.js';
import { tooDeepOffset } from './yaml-depth.js';
import { yaml } from './yaml-package.js';
import { YAML_EXPECTATIONS } from './yaml-syntax.js';

export type YamlDocument =
  | {
      readonly state: 'parsed';
      readonly document: Document.Parsed;
      readonly originAt: (offset: number) => Origin;
    }
  | { readonly state: 'broken'; readonly problems: readonly ConfigurationProblem[] };

/** Parses a text as one YAML document; `originAt` maps offsets of its nodes to lines and columns. */
export function parseYaml(text: string, fileName: string): YamlDocument {
  const lines = new (yaml().LineCounter)();
  const originAt = (offset: number): Origin => {
    const { line, col } = lines.linePos(offset);
    return { source: 'file', file: fileName, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const problemAt = (offset: number, code: keyof typeof YAML_EXPECTATIONS): ConfigurationProblem => ({
    code: 'yaml-syntax',
    origin: originAt(offset),
    expected: YAML_EXPECTATIONS[code],
  });
  const tooDeep = tooDeepOffset(text, lines.addNewLine);
  if (tooDeep !== undefined)
    return { state: 'broken', problems: [problemAt(tooDeep, 'RESOURCE_EXHAUSTION')] };
  const document = yaml().parseDocument(text, {
    // Duplicate names are found later, where their path is known.
    uniqueKeys: false,
    // At 'silent' a second document would be ignored.
    logLevel: 'error',
  });
  const problems = [...document.errors, ...document.warnings].map(({ pos, code }) => problemAt(pos[0], code));
  yaml().visit(document, {
    Alias: (_key, alias) => {
      if (alias.resolve(document) === undefined) problems.push(problemAt(alias.range?.[0] ?? 0, 'BAD_ALIAS'));
    },
  });
  return problems.length === 0 ? { state: 'parsed', document, originAt } : { state: 'broken', problems };
}
