import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { apiTypes } from '../../../server/http/api-types.js';
import { openApi } from '../../../server/http/openapi.js';
import type { RouteDescription } from '../../../server/http/api-route.js';

function typesOf(route: Partial<RouteDescription>): string {
  const all: RouteDescription = {
    method: 'GET',
    path: '/things/{id}',
    operationId: 'showThing',
    tag: 'books',
    summary: 'Show a thing',
    access: 'any key',
    reply: { kind: 'empty', says: 'Nothing' },
    ...route,
  };
  const text = apiTypes(openApi([all], { serverUrl: '', version: '1' }));
  return text.slice(text.indexOf('export interface Api {'));
}

describe('the types of the API', () => {
  it('tell what must be sent from what may be sent', () => {
    const types = typesOf({
      method: 'POST',
      params: z.object({ id: z.string() }),
      query: z.object({ limit: z.string().optional() }),
      body: z.strictObject({
        name: z.string(),
        size: z.int().default(3),
        kind: z.enum(['a', 'b']).nullable(),
      }),
    });
    expect(types).toContain(
      'post: { params: { readonly id: string }; query: { readonly limit?: string | undefined }; ' +
        'body: { readonly name: string; readonly size?: number | undefined; readonly kind: "a" | "b" | null }; reply: undefined };',
    );
  });

  it.each([
    [z.array(z.boolean()), 'readonly (boolean)[]'],
    [z.union([z.literal('x'), z.number()]), '"x" | number'],
    [z.record(z.string(), z.number()), '{ readonly [name: string]: number }'],
    [z.null(), 'null'],
  ])('tell what comes back: %#', (schema, type) => {
    expect(typesOf({ reply: { kind: 'json', status: 200, schema, says: '' } })).toContain(`reply: ${type} }`);
    expect(typesOf({ reply: { kind: 'events', schema, says: '' } })).toContain(`reply: ${type} }`);
  });
});
