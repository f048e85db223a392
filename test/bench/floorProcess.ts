/**
 * Entry of a child process: the floor of a fan-out. The same kind of TLS WebSocket server as the box's and the same kind of
 * encrypted file, with nothing between: a frame comes in, one row is committed (or not), 1 KB goes out to every listener.
 */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { WebSocketServer, type WebSocket } from 'ws';
import { loadConfig } from '../../appliance/config/index.js';
import { loadCertificates } from '../../appliance/http/index.js';
import { systemClock } from '../../appliance/kit/index.js';
import { openStorage } from '../../appliance/storage/index.js';
import { answerQuestions } from './child.js';

const EVENT_BYTES = 1_000;

const { dataDirectory } = loadConfig();
const { db, keyFor, close } = openStorage({ dataDirectory, credentialsDirectory: null, maxBytes: null, clock: systemClock });
db.run('CREATE TABLE floor (at_ms INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT');
const certificates = await loadCertificates(join(dataDirectory, 'tls'), [], systemClock, keyFor('tls'));
const server = createServer({ key: certificates.keyPem, cert: certificates.chainPem, minVersion: 'TLSv1.2' });
const sockets = new WebSocketServer({ server, maxPayload: 8_000_000, perMessageDeflate: false });
const event = JSON.stringify({ type: 'floor.event', data: 'x'.repeat(EVENT_BYTES - 40) });
const listeners = new Set<WebSocket>();

sockets.on('connection', (socket, request) => {
  socket.on('error', () => undefined);
  if (request.url === '/live') {
    listeners.add(socket);
    socket.on('close', () => listeners.delete(socket));
    return;
  }
  const commits = request.url === '/camera?commit';
  socket.on('message', (frame: Buffer) => {
    if (commits) db.run('INSERT INTO floor (at_ms, bytes) VALUES (?, ?)', Date.now(), frame.length);
    for (const listener of listeners) listener.send(event);
  });
});

server.listen(0, '127.0.0.1', () => {
  answerQuestions({ url: `https://localhost:${(server.address() as AddressInfo).port}`, rootPem: certificates.rootPem }, {}, () => {
    for (const socket of sockets.clients) socket.terminate();
    server.close();
    close();
  });
});
