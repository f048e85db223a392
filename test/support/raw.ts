/** Bytes as somebody would send them who has no browser: over TLS, past every client library. */
import type { Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import type { PorticoClient } from '../../demo/client.js';
import type { TestBox } from './box.js';

export function openTls(box: Pick<TestBox, 'url' | 'appliance'>): Promise<TLSSocket> {
  const { port } = new URL(box.url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: Number(port), ca: box.appliance.rootPem, servername: 'localhost' }, () => resolve(socket)).on('error', reject);
  });
}

/** All that comes back until the other side closes, or null when it has not within the time. */
export function untilClosed(socket: Socket, withinMs: number): Promise<string | null> {
  let text = '';
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(null), withinMs);
    socket.on('data', (chunk) => { text += chunk.toString(); }).on('error', () => undefined)
      .on('close', () => { clearTimeout(timer); resolve(text); });
  });
}

/** What a box answers to one request, sent as it stands. */
export async function answerToRaw(box: Pick<TestBox, 'url' | 'appliance'>, request: string): Promise<string> {
  const socket = await openTls(box);
  const answer = untilClosed(socket, 10_000);
  socket.write(request);
  return await answer ?? 'no answer';
}

/**
 * Sends the head of a request and the first five bytes of its body, and waits until the box has asked for more: by then it has
 * looked at who is asking.
 * @returns sends the rest; resolves with status and code of the error, and with the whole answer
 */
export async function sendHalf(box: Pick<TestBox, 'url' | 'appliance'>, client: PorticoClient, method: string, path: string, body: object): Promise<() => Promise<{ refusal: string; text: string }>> {
  const socket = await openTls(box);
  const bytes = JSON.stringify(body);
  socket.write([
    `${method} /api/v1${path} HTTP/1.1`, 'Host: localhost', `Cookie: ${client.cookieHeader()}`, 'Content-Type: application/json', `Content-Length: ${Buffer.byteLength(bytes)}`,
    'Expect: 100-continue', 'Connection: close', '', bytes.slice(0, 5),
  ].join('\r\n'));
  await new Promise((resolve) => { socket.once('data', resolve); }); // 100 Continue
  return async () => {
    const answer = untilClosed(socket, 10_000);
    socket.write(bytes.slice(5));
    const text = await answer ?? '';
    return { refusal: `${/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]} ${/"code":"(\w+)"/.exec(text)?.[1]}`, text };
  };
}

/** The head of a request to upgrade. */
export function upgradeRequest(path: string, cookie = ''): string {
  return [
    `GET ${path} HTTP/1.1`, 'Host: localhost', ...(cookie === '' ? [] : [`Cookie: ${cookie}`]), 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', '', '',
  ].join('\r\n');
}

/** The beginning of a frame of so many bytes, masked. */
export function frameHead(bytes: number): Buffer {
  const head = Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]);
  head.writeUIntBE(bytes, 4, 6);
  return head;
}
