import type { ErrorCode } from 'yaml';

/**
 * What YAML expects at the place of a syntax error. The parser's own messages are not used: some of them quote the
 * source, which may hold a password.
 */
export const YAML_EXPECTATIONS: Readonly<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'an alias without an anchor or a tag of its own',
  BAD_ALIAS: 'the name of an anchor that was set before (quote a text that begins with *)',
  BAD_COLLECTION_TYPE: 'a tag that goes with the value',
  BAD_DIRECTIVE: 'a valid directive (quote a text that begins with %)',
  BAD_DQ_ESCAPE: 'a valid escape after \\ in a text in double quotes',
  BAD_INDENT:
    'lines of one mapping indented alike, deeper than the line above them, and every bracket closed',
  BAD_PROP_ORDER: 'an anchor or a tag in front of the value',
  BAD_SCALAR_START: 'quotes around a text that begins with a special character',
  BLOCK_AS_IMPLICIT_KEY: 'one "name: value" on a line (quote a text that holds ": ")',
  BLOCK_IN_FLOW: 'no indented block inside braces or brackets',
  DUPLICATE_KEY: 'every name once',
  IMPOSSIBLE: 'valid YAML',
  KEY_OVER_1024_CHARS: 'a shorter name in front of the colon',
  MISSING_CHAR: 'a missing character: a closing quote, a bracket, a comma, a colon or a space',
  MULTILINE_IMPLICIT_KEY: 'a name on one line, and a colon after it',
  MULTIPLE_ANCHORS: 'one anchor at most',
  MULTIPLE_DOCS: 'one YAML document, so no line with ---',
  MULTIPLE_TAGS: 'one tag at most',
  NON_STRING_KEY: 'a name in front of the colon',
  RESOURCE_EXHAUSTION: 'lists and mappings that are less deeply nested',
  TAB_AS_INDENT: 'spaces in place of the tab',
  TAG_RESOLVE_FAILED: 'a value without a tag (quote a text that begins with !)',
  UNEXPECTED_TOKEN: '"name: value" lines',
};
