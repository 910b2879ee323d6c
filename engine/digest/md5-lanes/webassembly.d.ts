// The part of the WebAssembly JavaScript interface that md5-lanes.ts uses. TypeScript declares it only in its library
// for browsers, which would also declare `window` and a thousand other names.

declare namespace WebAssembly {
  interface Memory {
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }
  const Memory: new (limits: { initial: number }) => Memory;

  interface Global {
    readonly value: unknown;
  }
  const Global: new (type: { value: 'i32' }, value: number) => Global;

  interface Module {
    readonly [Symbol.toStringTag]: string;
  }
  const Module: new (bytes: Uint8Array) => Module;

  interface Instance {
    readonly exports: Readonly<Record<string, unknown>>;
  }
  const Instance: new (module: Module, imports: Readonly<Record<string, never>>) => Instance;

  function validate(bytes: Uint8Array): boolean;
}
