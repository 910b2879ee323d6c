import { ReaderError } from './reader-error.js';

const XHTML = 'http://www.w3.org/1999/xhtml';
const SVG = 'http://www.w3.org/2000/svg';
const XHTML_TYPE = 'application/xhtml+xml';
const SVG_TYPE = 'image/svg+xml';
const MARKUP: ReadonlySet<string> = new Set([XHTML_TYPE, 'text/html', SVG_TYPE]);
/** Of files that browsers never take for a document. */
const SHOWN_TYPE = /^(?:image|font|audio|video)\//;
/** A frame shows no file of this type, and guesses nothing about it. */
const NO_DOCUMENT = 'application/octet-stream';

/**
 * The media type of a file, as browsers understand what the book calls it: `Text/HTML; charset=utf-8` is HTML to them too, and
 * any other XML may contain elements of HTML. What is read as another type here than there would be shown as it is.
 */
export function plainType(declared: string | null): string {
  const type = (declared ?? '').replace(/;.*/s, '').trim().toLowerCase();
  if (isMarkup(type) || type === 'text/css') return type;
  if (/[/+]xml$|^text\/x-oeb1-document$/.test(type)) return XHTML_TYPE;
  return SHOWN_TYPE.test(type) ? type : NO_DOCUMENT;
}

/**
 * A file of the book without whatever could run or ask for something. The frame that shows it permits no scripts, and the
 * policy of the page no other host; this is a third wall in front of these two.
 *
 * @param type of `plainType`, or it is shown as it is
 * @throws ReaderError `broken`: a page without a body, which would never be shown
 */
export async function harmless(
  data: string | Blob | Promise<string | Blob>,
  type: string,
): Promise<string | Blob> {
  const content = await data;
  if (type !== 'text/css' && !isMarkup(type)) return content;
  // A chapter that refers to itself comes as a blob.
  const text = typeof content === 'string' ? content : await content.text();
  if (!isMarkup(type)) return harmlessStyles(text);
  const document = new DOMParser().parseFromString(text, type);
  if (type !== SVG_TYPE && !hasBody(document)) {
    throw new ReaderError('broken', 'It is no page with a text.');
  }
  makeHarmless(document);
  return new XMLSerializer().serializeToString(document);
}

export function isMarkup(type: string): type is DOMParserSupportedType {
  return MARKUP.has(type);
}

/** The types say that every document has one. */
function hasBody(document: { readonly body: HTMLElement | null }): boolean {
  return document.body !== null;
}

/**
 * Style sheets without addresses: those of files in the book lead into the browser's memory by now. Who hides others from this
 * still finds the policy of the page.
 */
function harmlessStyles(css: string): string {
  return (
    css
      .replaceAll(/@import(?!\s*(?:url\(\s*)?["']?blob:)[^;]*;?/gi, '')
      // Browsers close the last one themselves.
      .replaceAll(/url\((?!\s*["']?\s*(?:blob:|data:|#))[^)]*\)?/gi, 'none')
  );
}

/**
 * Scripts, other documents, and what makes a browser ask other hosts without showing anything. Templates, because browsers show
 * the content of some (`shadowrootmode`), which no selector finds. Animations of addresses, which no attribute shows.
 */
const REPLACED =
  'script, template, iframe, frame, object, embed, applet, portal, base, meta[http-equiv], ' +
  'link:not([rel~="stylesheet" i]), [attributeName$="href" i]';
/** Stricter than that of the page around it: not even its own server is asked. */
const CHAPTER_POLICY =
  "default-src 'none'; style-src 'unsafe-inline' blob:; img-src blob: data:; font-src blob: data:; media-src blob:";

function makeHarmless(document: Document): void {
  for (const node of Array.from(document.childNodes)) {
    if (!(node instanceof ProcessingInstruction)) continue;
    // Browsers replace the chapter by what a style sheet of the type XSL makes of it.
    const [, address] = /\bhref\s*=\s*["'](blob:[^"']*)["']/.exec(node.data) ?? [];
    if (node.target !== 'xml-stylesheet' || address === undefined) node.remove();
    else node.data = `type="text/css" href="${address}"`;
  }
  for (const element of document.querySelectorAll(REPLACED)) {
    // Not removed, because places count elements. A template shows nothing, and is allowed wherever these are.
    const isSvg = element.namespaceURI === SVG;
    element.replaceWith(document.createElementNS(isSvg ? SVG : XHTML, isSvg ? 'g' : 'template'));
  }
  for (const element of document.querySelectorAll('*')) {
    for (const attribute of Array.from(element.attributes)) {
      if (isHarmful(element, attribute)) element.removeAttributeNode(attribute);
    }
  }
  for (const sheet of document.querySelectorAll('style'))
    sheet.textContent = harmlessStyles(sheet.textContent);
  for (const styled of document.querySelectorAll('[style]')) {
    styled.setAttribute('style', harmlessStyles(styled.getAttribute('style') ?? ''));
  }
  const head = document.querySelector('head');
  if (head === null) return;
  const policy = document.createElementNS(XHTML, 'meta');
  policy.setAttribute('http-equiv', 'Content-Security-Policy');
  policy.setAttribute('content', CHAPTER_POLICY);
  head.prepend(policy);
}

const LOADING: ReadonlySet<string> = new Set(
  'src srcset imagesrcset poster background data ping action formaction srcdoc manifest'.split(' '),
);

function isHarmful(element: Element, { localName, value }: Attr): boolean {
  const name = localName.toLowerCase();
  if (name.startsWith('on') || name === 'autofocus') return true;
  const address = value.replaceAll(/\p{Cc}|\s/gu, '');
  if (LOADING.has(name)) return !/^(?:blob:|data:image\/)/i.test(address);
  if (name !== 'href') return false;
  return element.localName === 'a' || element.localName === 'area'
    ? /^(?!https?:|mailto:)[a-z][a-z0-9+.-]*:/i.test(address)
    : !/^(?:blob:|data:image\/|#)/i.test(address);
}

/** Shown where a chapter cannot be. @returns its address */
export function chapterThatSays(message: string): string {
  const paragraph = element('p');
  paragraph.textContent = `This chapter cannot be shown. ${message}`;
  return addressOf(paragraph);
}

/** A chapter that is only a picture. @returns its address */
export function chapterOfImage(address: string): string {
  const image = element('img');
  image.setAttribute('src', address);
  image.setAttribute('alt', '');
  return addressOf(image);
}

function element(name: string): Element {
  return document.createElementNS(XHTML, name);
}

function addressOf(content: Element): string {
  const page = document.implementation.createDocument(XHTML, 'html');
  page.documentElement.append(element('head'), element('body'));
  page.documentElement.lastElementChild?.append(content);
  const text = new XMLSerializer().serializeToString(page);
  return URL.createObjectURL(new Blob([text], { type: 'application/xhtml+xml' }));
}
