import type { FastifyReply } from 'fastify';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join, posix } from 'node:path';
import { contentPolicy } from './headers.js';

/** In webui/index.html, where Ionic looks for it. */
const PLACE_OF_NONCE = '__STYLE_NONCE__';

/** Sends the page with a nonce of its own for each answer, so that no style is run but ours. */
export function pageSender(directory: string): (reply: FastifyReply) => Promise<FastifyReply> {
  let text: Promise<string> | undefined;
  return async (reply) => {
    text ??= readFile(join(directory, 'index.html'), 'utf8');
    const nonce = randomBytes(16).toString('base64');
    const page = (await text).replaceAll(PLACE_OF_NONCE, nonce);
    return reply.headers({ 'content-security-policy': contentPolicy(nonce), 'cache-control': 'no-store' }).type('text/html; charset=utf-8').send(page);
  };
}

/** The page itself goes out with a nonce only (above), whichever way somebody writes its address: `//index.html`, `/assets/../index.html`. */
export function isPlainFile(path: string): boolean {
  return posix.normalize(path) === path && basename(path).toLowerCase() !== 'index.html';
}

/**
 * What the build named after its content never changes: no browser has to ask for it again; for the rest it asks each time. A page that did ask for its sixty files
 * at every start would soon meet the limit on requests.
 */
export function keepAssets(response: { setHeader(name: string, value: string): unknown }, path: string): void {
  response.setHeader('cache-control', basename(dirname(path)) === 'assets' ? 'public, max-age=31536000, immutable' : 'public, max-age=0');
}
