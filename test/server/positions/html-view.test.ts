import * as fc from 'fast-check';
import { parse, type DefaultTreeAdapterTypes } from 'parse5';
import { describe, expect, it } from 'vitest';
import { visitUnits } from '../../../server/positions/dom/dom-text.js';
import { parseHtml } from '../../../server/positions/dom/html-parser.js';
import {
  TEXT_CONTINUED,
  childrenOf,
  isElement,
  nameOf,
  type SourceTree,
} from '../../../server/positions/source/source-tree.js';

/** Elements and texts as in parse5's own tree. Comments divide texts. */
function outlineOfParse5(node: DefaultTreeAdapterTypes.ChildNode): string {
  if (node.nodeName === '#text' && 'value' in node) return JSON.stringify(node.value);
  if (!('tagName' in node)) return '';
  return `<${node.tagName}>${node.childNodes.map(outlineOfParse5).join('')}</>`;
}

function outlineOfTree(tree: SourceTree, node: number): string {
  if (isElement(tree, node)) {
    let content = '';
    let text = '';
    const flush = (): void => {
      if (text !== '') content += JSON.stringify(text);
      text = '';
    };
    for (const child of childrenOf(tree, node)) {
      if (isElement(tree, child) || tree.kind[child] !== TEXT_CONTINUED) flush();
      if (isElement(tree, child)) content += outlineOfTree(tree, child);
      else {
        visitUnits(tree, child, 'html', (_, unit) => {
          text += String.fromCharCode(unit);
          return false;
        });
      }
    }
    flush();
    return `<${nameOf(tree, node)}>${content}</>`;
  }
  return '';
}

const piece = fc.oneof(
  fc.constantFrom(
    '<p>',
    '</p>',
    '<b>',
    '</b>',
    '<i class="x">',
    '</i>',
    '<a>',
    '</a>',
    '<div>',
    '</div>',
    '<br>',
  ),
  fc.constantFrom(
    '<table>',
    '<tr>',
    '<td>',
    '</td>',
    '</table>',
    '<ul>',
    '<li>',
    '<pre>',
    '<pre>\n',
    '<textarea>\r\n',
  ),
  fc.constantFrom(
    '<!-- c -->',
    '<script>a &amp; b</script>',
    '<style>&lt;</style>',
    '<svg><g>',
    '</svg>',
    '<select>',
  ),
  fc.constantFrom(
    '&amp;',
    '&amp',
    '&nbsp',
    '&#128;',
    '&notit;',
    '&bogus;',
    '&',
    '& ',
    '&NotEqualTilde;',
    '&#x1F600;',
  ),
  fc.constantFrom('a', ' ', '\n', '\r\n', '\t', 'text', '😀', '<', '>', '"', ' &lt; ', '\n\n'),
);

describe('the HTML view', () => {
  it('is the tree that parse5 builds, with the texts that its offsets lead to', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 25 }), (pieces) => {
        const source = `<html><head></head><body>${pieces.join('')}`;
        const { tree } = parseHtml(source);
        const expected = parse(source).childNodes.map(outlineOfParse5).join('');
        expect([...childrenOf(tree, 0)].map((node) => outlineOfTree(tree, node)).join('')).toBe(expected);
      }),
      { numRuns: 3000 },
    );
  });
});
