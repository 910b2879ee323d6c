import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const callFrame = z.object({
  functionName: z.string(),
  url: z.string(),
  /** From 0, as the column. */
  lineNumber: z.number(),
  columnNumber: z.number(),
});

/** What `node --cpu-prof` writes; times are microseconds. */
export const cpuProfile = z.object({
  nodes: z.array(z.object({ id: z.int(), callFrame, children: z.array(z.int()).optional() })),
  samples: z.array(z.int()),
  timeDeltas: z.array(z.number()),
});
export type CpuProfile = z.infer<typeof cpuProfile>;

const sourceMap = z.object({
  file: z.string(),
  version: z.number(),
  sources: z.array(z.string()),
  /** tsc leaves it out. */
  sourcesContent: z.array(z.string()).default([]),
  names: z.array(z.string()),
  mappings: z.string(),
  sourceRoot: z.string().default(''),
});

/**
 * The same profile with the single modules of the program, as `tsc` compiles them into dist/, in place of the files that
 * they are joined into. The build writes a map beside each of these files.
 */
export function atModules({ nodes, ...rest }: CpuProfile): CpuProfile {
  const maps = new Map<string, SourceMap | undefined>();
  const moduleOf = ({ url, lineNumber, columnNumber }: z.infer<typeof callFrame>): string => {
    if (!maps.has(url)) maps.set(url, mapBeside(url));
    const entry = maps.get(url)?.findEntry(lineNumber, columnNumber);
    if (entry === undefined || !('originalSource' in entry)) return url;
    const source = new URL(entry.originalSource, url).href;
    if (!source.endsWith('.ts')) return source;
    const root = url.slice(0, url.lastIndexOf('/dist/'));
    return `${root}/dist${source.slice(root.length).replace(/\.ts$/, '.js')}`;
  };
  return {
    ...rest,
    nodes: nodes.map((node) => ({
      ...node,
      callFrame: { ...node.callFrame, url: moduleOf(node.callFrame) },
    })),
  };
}

function mapBeside(url: string): SourceMap | undefined {
  // Packages that are not joined have maps of their own.
  if (!url.startsWith('file:') || url.includes('/node_modules/')) return undefined;
  const path = `${fileURLToPath(url)}.map`;
  return existsSync(path)
    ? new SourceMap(sourceMap.parse(JSON.parse(readFileSync(path, 'utf8'))))
    : undefined;
}

/** The parts of the program that processor time is divided among. */
const PARTS = [
  'authentication',
  'routing',
  'parsing',
  'answering',
  'use cases and queues',
  'database client',
  'garbage collection',
  'native code outside of JavaScript',
  'other',
] as const;
export type Part = (typeof PARTS)[number];

/** The first pattern that matches `url functionName` of a frame decides. A frame that none matches counts for its caller. */
const RULES: readonly (readonly [RegExp, Part])[] = [
  [/^ \(garbage collector\)$/, 'garbage collection'],
  [/^ \(program\)$/, 'native code outside of JavaScript'],
  [
    /\/node_modules\/(?:mysql2|kysely|libsql|@libsql|sql-escaper|lru\.min|long|iconv-lite)\//,
    'database client',
  ],
  [/\/server\/(?:database\/|.*-repository\.js)/, 'database client'],
  [/\/server\/(?:accounts\/|domain\/(?:permission|principal))/, 'authentication'],
  [/\/server\/http\/(?:\S*\/)?(?:answer|kosync-failure)\.js/, 'answering'],
  [/\/server\/http\/uws\.js #?(?:answer|writeHead|end|observe)$/, 'answering'],
  [/\/server\/http\/(?:access-log|metrics)[\w-]*\.js/, 'answering'],
  [/\/server\/http\/(?:\S*\/kosync-body\.js|router\.js decodePathPart$)/, 'parsing'],
  [/\/server\/(?:domain|sync|device)\/\S+ parse/, 'parsing'],
  [/\/server\/http\/uws\.js #?readBody/, 'parsing'],
  [/\/server\/http\//, 'routing'],
  [/\/server\/\w+\//, 'use cases and queues'],
];

/**
 * Sums the time of all samples by part of the program. Each sample belongs to the innermost of its frames that matches
 * a rule, so `JSON.parse` counts for its caller. Idle time is left out.
 *
 * @returns seconds by part
 */
export function timeByPart({ nodes, samples, timeDeltas }: CpuProfile): ReadonlyMap<Part, number> {
  const parents = new Map<number, number>();
  for (const { id, children = [] } of nodes) for (const child of children) parents.set(child, id);
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parts = new Map<number, Part | undefined>();
  const partOf = (id: number): Part | undefined => {
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const frame = byId.get(at)?.callFrame;
      if (frame === undefined) break;
      if (frame.functionName === '(idle)') return undefined;
      const text = `${frame.url} ${frame.functionName}`;
      const rule = RULES.find(([pattern]) => pattern.test(text));
      if (rule !== undefined) return rule[1];
    }
    return 'other';
  };
  const seconds = new Map<Part, number>(PARTS.map((part) => [part, 0]));
  for (const [index, id] of samples.entries()) {
    if (!parts.has(id)) parts.set(id, partOf(id));
    const part = parts.get(id);
    // A sample stands for the time until the next one.
    const deltaUs = timeDeltas[index + 1] ?? 0;
    if (part !== undefined) seconds.set(part, (seconds.get(part) ?? 0) + deltaUs / 1e6);
  }
  return seconds;
}

/** A function with the time that was spent in itself and in all that it called. */
export interface FlameNode {
  readonly name: string;
  readonly file: string;
  readonly seconds: number;
  readonly children: readonly FlameNode[];
}

/** The benchmark's own probes are left out of the picture. */
const OWN_PROBES = /\/bench\/probes\//;

/** The call tree with times, callers first, without idle time. */
export function flameTree({ nodes, samples, timeDeltas }: CpuProfile): FlameNode {
  const self = new Map<number, number>();
  for (const [index, id] of samples.entries()) {
    self.set(id, (self.get(id) ?? 0) + (timeDeltas[index + 1] ?? 0) / 1e6);
  }
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const build = (id: number): FlameNode => {
    const node = byId.get(id);
    const children = (node?.children ?? [])
      .filter((child) => !OWN_PROBES.test(byId.get(child)?.callFrame.url ?? ''))
      .map(build)
      .filter(({ name, seconds }) => name !== '(idle)' && seconds > 0)
      .toSorted((left, right) => right.seconds - left.seconds);
    return {
      name: node?.callFrame.functionName || '(anonymous)',
      file: node?.callFrame.url.replace(/^.*\/(?=dist\/|node_modules\/)/, '').replace(/^dist\//, '') ?? '',
      seconds: (self.get(id) ?? 0) + children.reduce((sum, child) => sum + child.seconds, 0),
      children,
    };
  };
  return build(nodes[0]?.id ?? 0);
}
