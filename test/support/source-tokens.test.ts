import { expect, it } from 'vitest';
import { splitComments } from './source-tokens.js';

it('tells comments from code', () => {
  const source = [
    '#!/usr/bin/env node',
    "const a = 'http://b'; // c",
    '/* d',
    ' * e */ const f = `// ${/* g */ 1}`;',
  ].join('\n');
  const { code, comments } = splitComments(source);
  expect(comments).toEqual([
    expect.objectContaining({ text: '// c', line: 2 }),
    expect.objectContaining({ text: '/* d\n * e */', line: 3 }),
    expect.objectContaining({ text: '/* g */', line: 4 }),
  ]);
  expect(code.split('\n').map((line) => line.trim())).toEqual([
    '#!/usr/bin/env node',
    "const a = 'http://b';",
    '',
    'const f = `// ${        1}`;',
  ]);
});
