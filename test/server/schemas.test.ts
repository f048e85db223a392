/** The server compiles a schema when it is first used (http/compilers.ts): so that none fails only then, all are tried here. */
import { createRequire } from 'node:module';
import t from 'tap';
import * as contract from '../../appliance/contract/index.js';

const require = createRequire(import.meta.url);
type Factory = (schemas: unknown, options: unknown) => (route: { schema: unknown; method: string; url: string }) => (data: unknown) => unknown;
const validator = (require('@fastify/ajv-compiler') as () => Factory)()({}, { customOptions: {} });
const serialiser = (require('@fastify/fast-json-stringify-compiler') as () => Factory)()({}, {});

t.test('every schema of the contract can check and write', async (t) => {
  const schemas = Object.entries(contract).filter(([, value]) => typeof value === 'object' && ('~kind' in value || 'anyOf' in value || 'properties' in value));
  t.ok(schemas.length > 40, `${schemas.length} schemas`);
  for (const [name, schema] of schemas) {
    t.doesNotThrow(() => validator({ schema, method: 'POST', url: '/' }), `${name} can check`);
    t.doesNotThrow(() => serialiser({ schema, method: 'GET', url: '/' }), `${name} can write`);
  }
  t.throws(() => validator({ schema: { type: 'nothing' }, method: 'POST', url: '/' }), 'as it is with one that is none');
  t.throws(() => serialiser({ schema: { type: 'nothing' }, method: 'GET', url: '/' }));
});
