import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repositoryRoot } from '../../support/repository-root.js';
import { sourceFiles, type SourceFile } from '../../support/source-files.js';

/** The one form in which a comment names rules: `RULES.md R12` or `RULES.md R12, R13`. */
const CITATION = /RULES\.md (R\d+(?:, R\d+)*)/g;
const HEADING = /^### (.*)$/gm;

interface Rule {
  readonly id: string;
  readonly isBackground: boolean;
  readonly body: string;
}

function rulesOf(markdown: string): readonly Rule[] {
  const parts = markdown.split(HEADING).slice(1);
  return parts.flatMap((heading, index) => {
    if (index % 2 === 1) return [];
    const id = /^(R\d+)\. \S/.exec(heading)?.[1] ?? `no number: ${heading}`;
    return [{ id, isBackground: heading.endsWith(' (background)'), body: parts[index + 1] ?? '' }];
  });
}

/** What is wrong with the rules and the comments that name them. */
function problemsOf(markdown: string, files: readonly SourceFile[]): readonly string[] {
  const rules = rulesOf(markdown);
  const problems: string[] = [];
  const ids = new Set<string>();
  for (const { id, body } of rules) {
    if (ids.has(id)) problems.push(`${id} is there twice`);
    ids.add(id);
    for (const label of ['Source: ', 'Verified: ']) {
      if (!body.includes(label)) problems.push(`${id} has no "${label.trim()}"`);
    }
  }
  for (const [, id] of markdown.matchAll(/\((R\d+)\)/g)) {
    if (id !== undefined && !ids.has(id)) problems.push(`RULES.md names ${id}, which does not exist`);
  }
  const cited = new Set<string>();
  for (const { path, text: lines } of files) {
    // A list of rules may go on in the next line of a comment.
    const text = lines.replaceAll(/\s*\n\s*(?:\*|\/\/) */g, ' ');
    for (const [, list = ''] of text.matchAll(CITATION)) {
      for (const id of list.split(', ')) {
        cited.add(id);
        if (!ids.has(id)) problems.push(`${path} names ${id}, which does not exist`);
      }
    }
    const [other] = /\bR\d+\b|\brules? (?:no\. )?\d/i.exec(text.replaceAll(CITATION, '')) ?? [];
    if (other !== undefined) problems.push(`${path} names a rule in another form: ${other}`);
  }
  for (const { id, isBackground } of rules) {
    if (isBackground === cited.has(id)) {
      problems.push(isBackground ? `${id} is no background: it is named` : `${id} is named nowhere`);
    }
  }
  return problems;
}

describe('RULES.md', () => {
  const markdown = readFileSync(join(repositoryRoot, 'server/positions/RULES.md'), 'utf8');
  const files = sourceFiles().filter(({ path }) => /^server\/(?:positions|translation)\//.test(path));

  it('has every rule that a comment names, once, and no rule that none names', () => {
    expect(rulesOf(markdown).length).toBeGreaterThan(30);
    expect(problemsOf(markdown, files)).toEqual([]);
  });

  it('has every rule that a comment elsewhere names', () => {
    const ids = new Set(rulesOf(markdown).map(({ id }) => id));
    const cited = sourceFiles().flatMap(({ path, text }) =>
      path === 'test/server/positions/rules.test.ts'
        ? []
        : Array.from(text.matchAll(CITATION), ([, list = '']) => list.split(', ')).flat(),
    );
    expect(cited.filter((id) => !ids.has(id))).toEqual([]);
  });
});

describe('the check of the rules', () => {
  const rule = (heading: string) => `### ${heading}\n\nText.\nSource: a. Verified: b.\n`;
  const file = (text: string) => [{ path: 'a.ts', text: `// ${text}\n` }];

  it.each([
    ['nothing', rule('R1. One'), 'RULES.md R1', []],
    ['nothing in a list of two lines', rule('R1. One') + rule('R2. Two'), '(RULES.md R1,\n * R2)', []],
    ['background', rule('R1. One') + rule('R2. Two (background)'), 'RULES.md R1', []],
    [
      'a rule that does not exist',
      rule('R1. One'),
      'RULES.md R1, R2',
      ['a.ts names R2, which does not exist'],
    ],
    ['a rule that is there twice', rule('R1. One') + rule('R1. Two'), 'RULES.md R1', ['R1 is there twice']],
    ['a rule that is not named', rule('R1. One') + rule('R2. Two'), 'RULES.md R1', ['R2 is named nowhere']],
    [
      'background that is named',
      rule('R1. One (background)'),
      'RULES.md R1',
      ['R1 is no background: it is named'],
    ],
    ['another form', rule('R1. One'), 'RULES.md R1, by R1', ['a.ts names a rule in another form: R1']],
    [
      'an old form',
      rule('R1. One'),
      'RULES.md R1 (rules 1.3)',
      ['a.ts names a rule in another form: rules 1'],
    ],
    ['a rule without a source', '### R1. One\n\nVerified: b.\n', 'RULES.md R1', ['R1 has no "Source:"']],
    [
      'a reference in the rules',
      `${rule('R1. One')}(R7)`,
      'RULES.md R1',
      ['RULES.md names R7, which does not exist'],
    ],
  ])('finds %s', (_, markdown, comment, problems) => {
    expect(problemsOf(markdown, file(comment))).toEqual(problems);
  });
});
