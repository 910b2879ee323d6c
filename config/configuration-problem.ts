/** The source of a value or a problem. Lines and columns count from 1. */
export type Origin =
  | { readonly source: 'default' }
  | { readonly source: 'file'; readonly file: string; readonly line: number; readonly column: number }
  | { readonly source: 'environment'; readonly name: string }
  | { readonly source: 'flag'; readonly flag: string };

export type ConfigurationProblemCode =
  | 'file-unreadable'
  | 'yaml-syntax'
  | 'not-a-mapping'
  | 'duplicate-key'
  | 'unknown-setting'
  | 'unknown-variable'
  | 'malformed-flag'
  | 'wrong-value'
  | 'incomplete'
  | 'contradiction';

export interface ConfigurationProblem {
  readonly code: ConfigurationProblemCode;
  readonly origin: Origin;
  /** The setting, or the unknown name; absent where the problem is not about a setting. */
  readonly path?: string;
  /** The wrong value, shortened and without secrets; absent where there is none. */
  readonly found?: string;
  readonly expected: string;
  /** The name that was probably meant. */
  readonly suggestion?: string;
}

/** All problems of a configuration. It is thrown before anything is started. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly problems: readonly ConfigurationProblem[];

  /** @param problems at least one */
  constructor(problems: readonly ConfigurationProblem[]) {
    const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
    const lines = problems.map((problem) => `  ${problemLine(problem)}`);
    super(`The configuration has ${count}:\n${lines.join('\n')}`);
    this.problems = problems;
  }
}

/** `dogear.yaml:3:9: server.port: found "80a", expected a whole number …` */
function problemLine(problem: ConfigurationProblem): string {
  const parts = [originText(problem.origin)];
  if (problem.path !== undefined) parts.push(problem.path);
  const found = problem.found === undefined ? '' : `found ${problem.found}, `;
  const suggestion = problem.suggestion === undefined ? '' : ` (did you mean ${problem.suggestion}?)`;
  parts.push(`${found}expected ${problem.expected}${suggestion}`);
  return parts.join(': ');
}

export function originText(origin: Origin): string {
  switch (origin.source) {
    case 'default':
      return 'default';
    case 'file':
      return `${origin.file}:${origin.line}:${origin.column}`;
    case 'environment':
      return `environment ${origin.name}`;
    case 'flag':
      return `flag ${origin.flag}`;
    default:
      return origin satisfies never;
  }
}
