import { describe, expect, it } from 'vitest';
import { isWellFormed } from '../../../server/positions/dom/well-formedness.js';
import { DocumentLimitError } from '../../../server/positions/source/source-tree-builder.js';
import { xhtml } from '../../support/epub.js';

const XHTML_1_1 =
  '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" "http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd">';

describe('a document that a browser takes for XML', () => {
  it.each([
    ['plain', xhtml('<p>x</p>')],
    ['with a declaration', `<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html>\n${xhtml('<p>x</p>')}`],
    ['with the references of XML', xhtml('<p>&amp;&lt;&gt;&quot;&apos;&#160;&#xA0;</p>')],
    ['with the references of XHTML', `${XHTML_1_1}${xhtml('<p>&nbsp;&hellip;&eacute;</p>')}`],
    ['with a prefix that it declares', xhtml('<p epub:type="x" xml:lang="en">x</p>')],
    [
      'with a prefix that is declared on the spot',
      xhtml('<svg xmlns:xlink="u"><image xlink:href="a"/></svg>'),
    ],
    ['with comments, CDATA and instructions', xhtml('<!-- <p> --><![CDATA[<p>]]><?x <p> ?>')],
    ['with declarations', `<!DOCTYPE html [<!ELEMENT p ANY><!-- > -->]>${xhtml('<p>x</p>')}`],
  ])('%s', (_, source) => {
    expect(isWellFormed(source)).toBe(true);
  });
});

describe('a document that a browser takes for HTML', () => {
  it.each([
    ['with an end tag too few', xhtml('<p>x')],
    ['with an end tag too many', xhtml('</p>')],
    ['with misnested tags', xhtml('<b><i>x</b></i>')],
    ['with a name that only HTML knows', `<!DOCTYPE html>${xhtml('<p>&nbsp;</p>')}`],
    ['with a name that nobody knows', `${XHTML_1_1}${xhtml('<p>&bogus;</p>')}`],
    ['with a lone ampersand', xhtml('<p>a & b</p>')],
    ['with a lone bracket', xhtml('<p>a < b</p>')],
    ['with an attribute twice', xhtml('<p a="1" a="2">x</p>')],
    ['with an attribute without quotes', xhtml('<p a=1>x</p>')],
    ['with an attribute without value', xhtml('<p hidden>x</p>')],
    ['with a prefix that nobody declares', xhtml('<p>x</p>').replace(/ xmlns:epub="[^"]*"/, '') + '<x:y/>'],
    ['with a prefix out of its scope', xhtml('<svg xmlns:xlink="u"/><image xlink:href="a"/>')],
    ['with two roots', `${xhtml('x')}<p/>`],
    ['with a control character', xhtml('<p>\u0001</p>')],
    ['with a comment that is none in XML', xhtml('<!-- a -- b -->')],
    ['with entities of its own', `<!DOCTYPE html [<!ENTITY own "x">]>${xhtml('<p>&own;</p>')}`],
    ['of nothing', ''],
    ['of text', 'text'],
  ])('%s', (_, source) => {
    expect(isWellFormed(source)).toBe(false);
  });
});

it('with an absurd document type is not looked at', () => {
  const source = `<!DOCTYPE html [${'<!-- x -->'.repeat(10_000)}]>${xhtml('x')}`;
  expect(() => isWellFormed(source)).toThrow(DocumentLimitError);
});
