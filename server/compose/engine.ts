import type { Configuration } from '../../config/schema.js';
import { createEngine, type Engine } from '../../engine/index.js';

export function composeEngine({ engine }: Pick<Configuration, 'engine'>): Engine {
  return createEngine({
    md5: engine.md5,
    reads: engine.reads,
    ...(engine.jobs === 'auto' ? {} : { jobs: engine.jobs }),
  });
}
