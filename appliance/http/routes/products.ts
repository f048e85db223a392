import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Audit } from '../../audit/index.js';
import { IdParams, ImportQuery, ListedProduct, Product, ProductChange, ProductCreate, ProductImport, ProductQuery } from '../../contract/index.js';
import type { Dealings } from '../../dealings/index.js';
import { PorticoError } from '../../kit/index.js';
import type { Products } from '../../products/index.js';
import { actorOf } from '../guards.js';
import { JSON_BYTES_MAX } from '../limits.js';

const LIMIT_DEFAULT = 30;
/** About 15,000 products. */
const CSV_BYTES_MAX = JSON_BYTES_MAX;

/** What the store sells. */
export const productRoutes = (deps: { audit: Audit; dealings: Dealings; products: Products }): FastifyPluginAsyncTypebox => async (app) => {
  const { audit, dealings, products } = deps;
  const tags = ['products'];
  const serve = { permission: 'serve' } as const;
  const arrange = { permission: 'arrange_desk' } as const;

  app.get('/products', {
    config: serve,
    schema: { tags, summary: 'Find by parts of name, number, barcode, brand or category', querystring: ProductQuery, response: { 200: Type.Array(ListedProduct) } },
  }, async (request) => {
    const found = products.search(request.query.query ?? '', request.query.limit === undefined ? LIMIT_DEFAULT : Number(request.query.limit));
    const waiting = dealings.wishes.waitingFor(found.map(({ id }) => id));
    return found.map((product) => ({ ...product, waiting: waiting.get(product.id) ?? 0 }));
  });

  app.post('/products', { config: arrange, schema: { tags, body: ProductCreate, response: { 201: Product } } },
    async (request, reply) => reply.status(201).send(products.create(request.body)));

  app.patch('/products/:id', { config: arrange, schema: { tags, params: IdParams, body: ProductChange, response: { 200: Product } } },
    async (request) => products.change(request.params.id, request.body));

  app.delete('/products/:id', {
    config: arrange, schema: { tags, summary: 'Take it off the list; what was bought keeps its name', params: IdParams, response: { 204: Type.Null() } },
  }, async (request, reply) => {
    products.remove(request.params.id);
    return reply.status(204).send(null);
  });

  app.post('/products/:id/arrived', {
    config: serve, schema: { tags, summary: 'It came in: older wishes for it have arrived', params: IdParams, response: { 200: Product } },
  }, async (request) => products.arrived(request.params.id));

  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('text/csv', { parseAs: 'buffer', bodyLimit: CSV_BYTES_MAX }, (_request, body, done) => done(null, body));
    scope.post<{ Querystring: ImportQuery }>('/products/import', {
      config: arrange, schema: { tags, summary: 'Take over a CSV file (raw body), matched by the store\'s own number; dryRun: only say what would become of it', querystring: ImportQuery, response: { 200: ProductImport } },
    }, async (request) => {
      if (!(request.body instanceof Buffer)) throw new PorticoError('csv_invalid');
      const bytes = request.body;
      if (request.query.dryRun === 'true') return products.import(bytes, null);
      return products.import(bytes, (write) => {
        request.stillMay();
        return audit.recording('setting_changed', actorOf(request),
          ({ added, changed, refusedLines: refused }: ProductImport) => ({ detail: { setting: 'products', added, changed, refused } }), write);
      });
    });
  });
};
