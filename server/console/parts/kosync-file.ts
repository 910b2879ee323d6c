/**
 * KOReader's own settings of progress sync, as the file `kosync` (Lua) of its folder `settings`, since KOReader 2026.07.
 * What is in the file replaces KOReader's defaults as a whole, so every one of them is written. Any name and any user key
 * will do: the key in the address says who it is.
 *
 * Source: plugins/kosync.koplugin in KOReader, commit 5549f8ac6 (LuaSettings, key `settings`).
 */
export function kosyncFile(address: string): string {
  const settings: readonly (readonly [name: string, value: string | number | boolean])[] = [
    ['auto_sync', false],
    // 0: documents are recognized by their content, which is the partial MD5.
    ['checksum_method', 0],
    ['custom_server', address],
    ['send_metadata', true],
    // 3: never; 1: ask.
    ['sync_backward', 3],
    ['sync_forward', 1],
    ['userkey', '0'.repeat(32)],
    ['username', 'dogear'],
  ];
  const lines = settings.map(([name, value]) => `        [${luaString(name)}] = ${luaValue(value)},`);
  return [
    "-- KOReader's settings of progress sync, written by Dogear",
    'return {',
    '    ["settings"] = {',
    ...lines,
    '    },',
    '}',
    '',
  ].join('\n');
}

function luaValue(value: string | number | boolean): string {
  return typeof value === 'string' ? luaString(value) : String(value);
}

/** A string of Lua 5.1. Control characters are written as `\ddd`: an unescaped line break would end it. */
function luaString(text: string): string {
  const escaped = text
    .replaceAll(/["\\]/g, String.raw`\$&`)
    // oxlint-disable-next-line no-control-regex -- control characters are what it is about
    .replaceAll(/[\u0000-\u001f\u007f]/g, (character) => {
      return `\\${String(character.codePointAt(0) ?? 0).padStart(3, '0')}`;
    });
  return `"${escaped}"`;
}
