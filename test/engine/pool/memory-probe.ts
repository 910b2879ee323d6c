import { createEngine } from '../../../engine/index.js';

// A program of its own, so that its memory is the engine's: hashes a folder and prints what it took.
const [root = ''] = process.argv.slice(2);
const engine = createEngine({ jobs: 2 });
const extensions = new Set(['epub']);
let files = 0;
for await (const batch of engine.hash(root, engine.walk(root, { extensions }))) files += batch.entries.length;
await engine.close();
process.stdout.write(JSON.stringify({ files, mostBytes: process.resourceUsage().maxRSS * 1024 }));
