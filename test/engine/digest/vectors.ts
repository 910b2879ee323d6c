import { readFileSync } from 'node:fs';

export interface Vector {
  readonly sizeBytes: number;
  readonly digest: string;
}

/** The digests that KOReader's own function computed (test/data/partial-md5.json). */
export function readVectors(): Vector[] {
  const file = new URL('../../../../test/data/partial-md5.json', import.meta.url);
  const parsed: { digestBySize: [number, string][] } = JSON.parse(readFileSync(file, 'utf8'));
  return parsed.digestBySize.map(([sizeBytes, digest]) => ({ sizeBytes, digest }));
}
