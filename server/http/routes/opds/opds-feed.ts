/** OPDS 1.2 (specs.opds.io/opds-1.2) is Atom (RFC 4287) with link relations of its own. */
export const NAVIGATION_TYPE = 'application/atom+xml;profile=opds-catalog;kind=navigation';
export const ACQUISITION_TYPE = 'application/atom+xml;profile=opds-catalog;kind=acquisition';
export const OPENSEARCH_TYPE = 'application/opensearchdescription+xml';

export const ACQUISITION = 'http://opds-spec.org/acquisition';
export const FACET = 'http://opds-spec.org/facet';
export const NEWEST = 'http://opds-spec.org/sort/new';

export interface FeedLink {
  readonly rel: string;
  readonly href: string;
  readonly type: string;
  readonly title?: string;
  /** Of the file. */
  readonly bytes?: number;
  /** Of a facet. */
  readonly facet?: { readonly group: string; readonly isActive: boolean };
}

export interface FeedEntry {
  readonly id: string;
  readonly title: string;
  /** Absent: when the feed is. */
  readonly updatedMs?: number;
  /** `undefined`: the entry is no book. `''`: nobody knows. */
  readonly author?: string;
  readonly language?: string | undefined;
  readonly identifier?: string | undefined;
  readonly series?: { readonly name: string; readonly index: number | undefined } | undefined;
  /** For people. */
  readonly content?: string;
  readonly links: readonly FeedLink[];
}

export interface Feed {
  readonly id: string;
  readonly title: string;
  readonly updatedMs: number;
  readonly links: readonly FeedLink[];
  readonly entries: readonly FeedEntry[];
}

export function feedXml(feed: Feed): string {
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:dc="http://purl.org/dc/terms/" xmlns:opds="http://opds-spec.org/2010/catalog" xmlns:schema="http://schema.org">',
    element('id', feed.id),
    element('title', feed.title),
    element('updated', timeText(feed.updatedMs)),
    // Atom wants an author of each entry, or of the feed.
    '<author><name>Dogear</name></author>',
    ...feed.links.map(linkXml),
    ...feed.entries.map((entry) => entryXml(entry, feed.updatedMs)),
    '</feed>',
    '',
  ].join('\n');
}

function entryXml(entry: FeedEntry, feedUpdatedMs: number): string {
  const {
    id,
    title,
    updatedMs = feedUpdatedMs,
    author,
    language,
    identifier,
    series,
    content,
    links,
  } = entry;
  return [
    '<entry>',
    element('title', title),
    element('id', id),
    element('updated', timeText(updatedMs)),
    // KOReader shows one author alone, the last. Without an author it would name downloads after an unknown one.
    ...(author === undefined ? [] : [`<author><name>${xmlText(author)}</name></author>`]),
    ...(language === undefined ? [] : [element('dc:language', language)]),
    ...(identifier === undefined ? [] : [element('dc:identifier', identifier)]),
    ...(series === undefined ? [] : [seriesXml(series)]),
    ...(content === undefined || content === ''
      ? []
      : [`<content type="text">${xmlText(content)}</content>`]),
    ...links.map(linkXml),
    '</entry>',
  ].join('\n');
}

/** OPDS 1.2 has no element for a series. Thorium, Cantook and others read this one. */
function seriesXml({ name, index }: NonNullable<FeedEntry['series']>): string {
  const position = index === undefined ? '' : ` schema:position="${String(index)}"`;
  return `<schema:Series schema:name="${xmlText(name)}"${position}/>`;
}

function linkXml({ rel, href, type, title, bytes, facet }: FeedLink): string {
  const attributes: readonly (readonly [string, string | undefined])[] = [
    ['rel', rel],
    ['href', href],
    ['type', type],
    ['title', title],
    ['length', bytes?.toString()],
    ['opds:facetGroup', facet?.group],
    ['opds:activeFacet', facet?.isActive === true ? 'true' : undefined],
  ];
  const written = attributes.flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}="${xmlText(value)}"`],
  );
  return `<link ${written.join(' ')}/>`;
}

/** @param template the address of a search, with `{searchTerms}` */
export function openSearchXml(template: string): string {
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<OpenSearchDescription xmlns="http://a9.com/-/spec/opensearch/1.1/">',
    element('ShortName', 'Dogear'),
    element('Description', 'Search books by title, author, series and file name'),
    element('InputEncoding', 'UTF-8'),
    element('OutputEncoding', 'UTF-8'),
    `<Url type="${xmlText(ACQUISITION_TYPE)}" template="${xmlText(template)}"/>`,
    '</OpenSearchDescription>',
    '',
  ].join('\n');
}

function element(name: string, text: string): string {
  return `<${name}>${xmlText(text)}</${name}>`;
}

/** Text for an element or an attribute in double quotes, without the characters that XML 1.0 cannot hold. */
function xmlText(text: string): string {
  return (
    text
      .replaceAll(/[\t\n\r]+/g, ' ')
      // oxlint-disable-next-line no-control-regex -- those are the ones
      .replaceAll(/[\u0000-\u001F\u007F-\u009F\uFFFE\uFFFF]|\p{Surrogate}/gu, '')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
  );
}

function timeText(ms: number): string {
  const isWritable = ms >= 0 && ms < Date.UTC(10_000, 0);
  return new Date(isWritable ? ms : 0).toISOString();
}
