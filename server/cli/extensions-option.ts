/** `epub, .PDF,fb2.zip` → `['epub', 'pdf', 'fb2.zip']`; whether they make sense is the use case's to say. */
export function parseExtensions(value: string): readonly string[] {
  return value
    .split(',')
    .map((extension) => extension.trim().toLowerCase().replace(/^\./, ''))
    .filter((extension) => extension !== '');
}
