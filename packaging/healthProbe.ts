/** The image's health check: whether the process answers. Liveness only; how the box is says `portico health`. Ends with 0 or 1. */
import { request } from 'node:https';

/** Below the 10 s that the Dockerfile gives. */
const ANSWER_MS = 8_000;

// On the loopback of its own container, with nothing secret asked or told: the certificate is not looked at, which names the box as iPads call it.
const asked = request({
  host: '127.0.0.1', port: Number(process.env['PORTICO_PORT'] ?? '8443'), path: '/healthz', rejectUnauthorized: false, agent: false, timeout: ANSWER_MS,
}, (answer) => {
  answer.resume();
  process.exitCode = answer.statusCode === 200 ? 0 : 1;
});
asked.once('timeout', () => asked.destroy(new Error('no answer')));
asked.once('error', ({ message }) => {
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
});
asked.end();
