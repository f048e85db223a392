import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Audit } from '../../audit/index.js';
import { FILE_BYTES_MAX, FileQuery, IdParams, StoredFile } from '../../contract/index.js';
import type { Fields } from '../../fields/index.js';
import { kindOf, type FileKind, type Files } from '../../files/index.js';
import { BoundedMap, PorticoError } from '../../kit/index.js';
import type { Things } from '../../recognition/index.js';
import { actorOf, readerOf, signedIn } from '../guards.js';

const OPENINGS_KEPT_MAX = 2_000;
const BINARY = { schema: { type: 'string', format: 'binary' } };
const BYTES = Type.Unsafe<Buffer>({ description: 'The file as it is stored', content: { 'image/jpeg': BINARY, 'application/pdf': BINARY } });
/** Nothing in it runs or loads anything, whatever it is. */
const POLICY = `default-src 'none'; sandbox; frame-ancestors 'none'`;

interface FileDeps { audit: Audit; fields: Fields; files: Files; things: Things }

/** Papers and photos of things. */
export const fileRoutes = (deps: FileDeps): FastifyPluginAsyncTypebox => async (app) => {
  const { audit, fields, files } = deps;
  const tags = ['files'];
  /** Session and file: a page shows a picture small and large, and again; for the audit log that is one opening. */
  const opened = new BoundedMap<string, true>(OPENINGS_KEPT_MAX);

  /** A photo in a field for managers is not there for others. @throws PorticoError file_not_found */
  const requireSeen = (request: FastifyRequest, customerId: string, id: string): void => {
    if (fields.hiddenFiles(customerId, [id], readerOf(request)).length > 0) throw new PorticoError('file_not_found');
  };

  app.get('/files/:id', { config: { permission: 'read_dossier' }, schema: { tags, params: IdParams, response: { 200: BYTES } } }, async (request, reply) => {
    const { id } = request.params;
    const { customerId, mime, content } = files.open(id);
    requireSeen(request, customerId, id);
    const key = `${signedIn(request).session.key} ${id}`;
    if (!opened.get(key)) audit.recordReading('file_opened', actorOf(request), { customerId, detail: { fileId: id } });
    opened.set(key, true);
    const disposition: Record<FileKind, string> = { 'image/jpeg': 'inline', 'application/pdf': `attachment; filename="file-${id}.pdf"` };
    return reply.headers({ 'content-security-policy': POLICY, 'content-disposition': disposition[mime] }).type(mime).send(content);
  });

  app.delete('/files/:id', { config: { permission: 'serve' }, schema: { tags, params: IdParams, response: { 204: Type.Null() } } }, async (request, reply) => {
    const { id } = request.params;
    requireSeen(request, files.open(id).customerId, id);
    audit.recording('file_removed', actorOf(request), (customerId: string) => ({ customerId, detail: { fileId: id } }), () => files.remove(id));
    return reply.status(204).send(null);
  });

  await app.register(addingRoute(deps));
};

/** Raw files in a scope of their own; what they are is found out by looking, not by the header. */
const addingRoute = ({ audit, files, things }: FileDeps): FastifyPluginAsyncTypebox => async (app) => {
  app.removeAllContentTypeParsers();
  // Up to twice the limit is read, so that a file a little too large is told so by its own code.
  app.addContentTypeParser(/^(image\/|application\/pdf$|application\/octet-stream$)/, { parseAs: 'buffer', bodyLimit: 2 * FILE_BYTES_MAX }, (_request, body, done) => done(null, body));

  app.post('/customers/:id/files', {
    config: { permission: 'serve' },
    schema: {
      tags: ['files'], summary: 'Add a paper or a photo of a thing (raw body); a picture with a face is refused', params: IdParams, querystring: FileQuery, response: { 201: StoredFile },
    },
  }, async (request, reply) => {
    const { body, params, query } = request;
    if (!(body instanceof Buffer)) throw new PorticoError('file_kind_refused');
    const kind = kindOf(body);
    files.mayAdd(params.id, query.id); // before anybody looks at the picture
    const [mime, content]: [FileKind, Buffer] = kind === 'pdf' ? ['application/pdf', body] : ['image/jpeg', await things.clean(body)];
    request.stillMay();
    const by = actorOf(request);
    const add = () => files.add(params.id, { id: query.id, name: query.name, mime, content }, by.staffId);
    // Sent again: added and written down the first time.
    const isThere = files.mayAdd(params.id, query.id) !== null;
    return reply.status(201).send(isThere ? add()
      : audit.recording('file_added', by, (added) => ({ customerId: params.id, detail: { fileId: added.id, mime, bytes: added.bytes } }), add));
  });
};
