import type { FastifyServerOptions } from 'fastify';
import { createRequire } from 'node:module';
import type { TSchema } from 'typebox';

/** What a compiler makes of a route's schema: a validator with its last errors, or a serialiser. */
type Made = ((data: unknown) => unknown) & { errors?: unknown };
type Compile = (route: unknown) => Made;
type Factory = (externalSchemas: unknown, options: unknown) => Compile;

const require = createRequire(import.meta.url);

const buildSerializer = atFirstUse(() => (require('@fastify/fast-json-stringify-compiler') as () => Factory)());

/**
 * Fastify's own compilers of schemas, loaded at the first request and asked at the first request of each route, instead
 * of before the server listens: all routes at once take a quarter of a second there, one takes some 3 ms. Of a schema for
 * headers the names must be in lower case: Fastify sees to that only for compilers it made itself.
 */
export const compileAtFirstUse = {
  compilersFactory: {
    buildValidator: atFirstUse(() => (require('@fastify/ajv-compiler') as () => Factory)()),
    buildSerializer,
  },
} as NonNullable<FastifyServerOptions['schemaController']>;

/**
 * A serialiser that writes what the schema lists and nothing else, as those of REST answers do; made at its first use. Where REST
 * would refuse an alternative with more in it, this cuts that off, too: a message has nobody to tell.
 */
export function serialiserOf(schema: TSchema): (data: unknown) => string {
  const open: unknown = JSON.parse(JSON.stringify(schema), (key, value: unknown) => (key === 'additionalProperties' && value === false ? undefined : value));
  return buildSerializer({}, {})({ schema: open }) as unknown as (data: unknown) => string;
}

/** The factory is asked again in each plugin, but loaded once: it then shares what it made for the same options. */
function atFirstUse(load: () => Factory): Factory {
  let factory: Factory | undefined;
  return (externalSchemas, options) => {
    let compile: Compile | undefined;
    return (route) => {
      let made: Made | undefined;
      const use: Made = (data) => {
        compile ??= (factory ??= load())(externalSchemas, options);
        made ??= compile(route);
        const result = made(data);
        use.errors = made.errors; // where Fastify looks for a validator's
        return result;
      };
      return use;
    };
  };
}
