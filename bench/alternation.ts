/** One of the things that are measured against each other. */
export interface Side<Sample> {
  readonly name: string;
  /** Takes one sample. What it does before the clock runs (dropping caches, a fresh database) is its own business. */
  measure(): Promise<Sample>;
}

/**
 * Measures all sides in turn, `rounds` times, so that a machine that gets slower or busier does so for each of them.
 * Every second round goes backwards: a steady drift then favours nobody either.
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

/** The samples of one side; a side that was not measured is a mistake of the caller. */
export function samplesOf<Sample>(samples: ReadonlyMap<string, Sample[]>, side: string): readonly Sample[] {
  const found = samples.get(side);
  if (found === undefined) throw new Error(`no side is named ${side}`);
  return found;
}
