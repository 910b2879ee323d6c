/** By the extension of the name, in lower case. Those of catalogues (OPDS) and of IANA, where there are any. */
const MEDIA_TYPES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    azw: 'application/vnd.amazon.ebook',
    azw3: 'application/x-mobi8-ebook',
    cb7: 'application/x-cb7',
    cbr: 'application/vnd.comicbook-rar',
    cbt: 'application/x-cbt',
    cbz: 'application/vnd.comicbook+zip',
    chm: 'application/vnd.ms-htmlhelp',
    djv: 'image/vnd.djvu',
    djvu: 'image/vnd.djvu',
    doc: 'application/msword',
    docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    epub: 'application/epub+zip',
    epub3: 'application/epub+zip',
    fb2: 'application/fb2+xml',
    fb3: 'application/fb3',
    htm: 'text/html',
    html: 'text/html',
    htmlz: 'application/zip',
    md: 'text/markdown',
    mobi: 'application/x-mobipocket-ebook',
    odt: 'application/vnd.oasis.opendocument.text',
    pdb: 'application/vnd.palm',
    pdf: 'application/pdf',
    prc: 'application/x-mobipocket-ebook',
    rtf: 'application/rtf',
    svg: 'image/svg+xml',
    txt: 'text/plain',
    xhtml: 'application/xhtml+xml',
    xps: 'application/oxps',
    zip: 'application/zip',
  }),
);

/** What a file is, by the extension of its name. */
export function mediaTypeOf(name: string): string {
  if (/\.fb2\.zip$/i.test(name)) return 'application/fb2+zip';
  const extension = /\.([^./]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';
  return MEDIA_TYPES.get(extension) ?? 'application/octet-stream';
}
