import { createEngine } from '../../../engine/index.js';

// A separate program, so that its memory is that of the engine. It hashes a folder and prints its peak memory.
const [root = ''] = process.argv.slice(2);
const engine = createEngine({ jobs: 2 });
const extensions = new Set(['epub']);
let files = 0;
for await (const batch of engine.hash(root, engine.walk(root, { extensions }))) files += batch.entries.length;
await engine.close();
process.stdout.write(JSON.stringify({ files, peakBytes: process.resourceUsage().maxRSS * 1024 }));
