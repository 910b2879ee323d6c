import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { MAX_POSITION_LENGTH, parsePosition } from '../../../server/positions/position.js';
import { parseXpointer } from '../../../server/positions/xpointer.js';
import { readTestData } from '../../support/test-data.js';

const forms = z
  .object({
    rejected: z.array(z.string()),
    accepted: z.array(z.object({ text: z.string(), same: z.string().optional(), fragment: z.number() })),
  })
  .parse(readTestData('position-forms.json'));

describe('x-pointers', () => {
  it.each(forms.rejected)('%j is none', (text) => {
    expect(parseXpointer(text)).toBeUndefined();
    expect(parsePosition(text).kind).not.toBe('xpointer');
  });

  it.each(forms.accepted)('$text is one', ({ text, same, fragment }) => {
    const pointer = parseXpointer(text);
    expect(pointer?.fragment).toBe(fragment);
    if (same === undefined) return;
    const other = parseXpointer(same);
    // `[1]` and no index are different steps until the siblings are known.
    expect(other?.fragment).toBe(pointer?.fragment);
    expect(other?.steps.length).toBe(pointer?.steps.length);
    expect(other?.point).toBe(pointer?.point);
  });

  it('tell names, texts, node numbers and points apart', () => {
    expect(parseXpointer('/body/DocFragment[2]/body/4/h2[3]/text()[5].7')).toEqual({
      root: 'DocFragment',
      fragment: 2,
      hasBody: true,
      steps: [
        { kind: 'child', index: 4 },
        { kind: 'element', name: 'h2', index: 3 },
        { kind: 'text', index: 5 },
      ],
      point: 7,
    });
  });
});

describe('positions', () => {
  it.each([
    ['5', { kind: 'page', page: 5 }],
    ['0', { kind: 'opaque' }],
    ['-3', { kind: 'opaque' }],
    ['12.5', { kind: 'opaque' }],
    ['#_doc_fragment_44_ c37', { kind: 'link', fragmentIndex: 44, id: 'c37' }],
    ['#_doc_fragment_44_c37', { kind: 'link', fragmentIndex: 44, id: 'c37' }],
    ['#_doc_fragment_0', { kind: 'link', fragmentIndex: 0, id: undefined }],
    ['#c37', { kind: 'id', id: 'c37' }],
    ['/FictionBook[2]/body/p.0', { kind: 'opaque' }],
    ['/html/body/p/text()/b.0', { kind: 'opaque' }],
    ['/RootNode/body/p.0', { kind: 'opaque' }],
    ['epubcfi(', { kind: 'opaque' }],
    ['some text', { kind: 'opaque' }],
    ['x'.repeat(MAX_POSITION_LENGTH + 1), { kind: 'opaque' }],
    [`epubcfi(/6/4${'/2'.repeat(MAX_POSITION_LENGTH)})`, { kind: 'opaque' }],
  ])('%.40s', (text, position) => {
    expect(parsePosition(text)).toEqual(position);
  });

  it('in a CFI', () => {
    expect(parsePosition('epubcfi(/6/4!/4/2/1:3)').kind).toBe('cfi');
  });
});
