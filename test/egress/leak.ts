/** One connection, datagram or look-up out, on purpose: to see that the recorder notices it. */
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { connect } from 'node:net';

/** Nobody's address (RFC 5737). */
const NOWHERE = '192.0.2.1';

switch (process.argv[2] ?? '') {
  case 'udp':
    createSocket('udp4').send('x', 9, NOWHERE, () => process.exit(0));
    break;
  case 'dns':
    lookup('leak.example').catch(() => undefined);
    setTimeout(() => process.exit(0), 500); // the resolver would go on for seconds
    break;
  default:
    connect(443, NOWHERE).on('error', () => undefined);
    setTimeout(() => process.exit(0), 200);
}
