/** One of the things that are measured in turn. */
export interface Side<Sample> {
  readonly name: string;
  /** Takes one sample. Preparation (dropping caches, creating a database) happens here, before the clock starts. */
  measure(): Promise<Sample>;
}

/**
 * Measures all sides in turn, `rounds` times, so that a machine that becomes slower or busier does so for all sides
 * alike. Every second round runs in reverse order, so that a steady drift favours no side.
 *
 * @returns for each side, by name, its samples in order of the rounds
 */
export async function alternate<Sample>(
  sides: readonly Side<Sample>[],
  rounds: number,
  onSample?: (side: string, sample: Sample) => void,
): Promise<ReadonlyMap<string, Sample[]>> {
  const samples = new Map(sides.map(({ name }): [string, Sample[]] => [name, []]));
  if (samples.size !== sides.length) throw new Error('two sides have the same name');
  for (let round = 0; round < rounds; round += 1) {
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      const sample = await side.measure();
      samples.get(side.name)?.push(sample);
      onSample?.(side.name, sample);
    }
  }
  return samples;
}

/** The samples of one side, in order of the rounds. */
export function samplesOf<Sample>(samples: ReadonlyMap<string, Sample[]>, side: string): readonly Sample[] {
  const found = samples.get(side);
  if (found === undefined) throw new Error(`no side is named ${side}`);
  return found;
}

/** Samples of one side as files a second, in order of the rounds. */
export function fileRates(
  samples: ReadonlyMap<string, { readonly files: number; readonly seconds: number }[]>,
  side: string,
): number[] {
  return samplesOf(samples, side).map(({ files, seconds }) => files / seconds);
}
