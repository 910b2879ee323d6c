import type * as EngineModule from '../../engine/index.js';
import { engineOnceOptions } from './engine-messages.js';

// Walks, or walks and hashes, a library once and exits. strace counts the system calls of this process.
//
//   node engine-once.js OPTIONS          see engine-messages.ts

const { engineModule, library, jobs, task } = engineOnceOptions.parse(JSON.parse(process.argv[2] ?? 'null'));
const api: typeof EngineModule = await import(engineModule);
const engine = api.createEngine(jobs === undefined ? {} : { jobs });
const entries = engine.walk(library, { extensions: api.KOREADER_EXTENSIONS });
let files = 0;
if (task === 'walk') for await (const batch of entries) files += batch.length;
else for await (const batch of engine.hash(library, entries)) files += batch.entries.length;
await engine.close();
process.stdout.write(`${files}\n`);
