/**
 * What a reverse proxy put in front of all paths: `''` or `/sync`. Scripts are served below `BASE/ui/`, those of workers
 * too.
 */
const script = new URL(import.meta.url).pathname;

export const BASE = script.slice(0, script.lastIndexOf('/ui/'));
export const API = `${BASE}/api/v1`;
