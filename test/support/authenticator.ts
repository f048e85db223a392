/** An authenticator in software (WebAuthn level 3, 6.1): ES256 keys, attestation `none`, and whatever lies a test wants it to tell. */
import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

type Options = Record<string, unknown>;
interface Lies { origin?: string; rpId?: string; challenge?: string; verified?: boolean; userHandle?: string; format?: string; statement?: Map<unknown, unknown> }

const sha256 = (data: string | Buffer): Buffer => createHash('sha256').update(data).digest();
const base64url = (data: string | Buffer): string => Buffer.from(data).toString('base64url');

/** CBOR (RFC 8949) of what authenticators send. */
export function cbor(value: unknown): Buffer {
  const head = (major: number, n: number): Buffer => {
    if (n < 24) return Buffer.from([(major << 5) | n]);
    if (n < 256) return Buffer.from([(major << 5) | 24, n]);
    return Buffer.from([(major << 5) | 25, n >> 8, n & 255]);
  };
  if (typeof value === 'number') return value >= 0 ? head(0, value) : head(1, -1 - value);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Array.isArray(value)) return Buffer.concat([head(4, value.length), ...value.map(cbor)]);
  if (value instanceof Map) return Buffer.concat([head(5, value.size), ...[...value].flatMap(([key, item]) => [cbor(key), cbor(item)])]);
  throw new TypeError('not needed here');
}

export class Authenticator {
  readonly #origin: string;
  readonly #id = randomBytes(32);
  readonly #key: KeyObject;
  readonly #publicKey: Buffer;
  #userHandle = '';
  counter = 0;

  constructor(origin: string) {
    this.#origin = origin;
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#key = privateKey;
    const { x, y } = publicKey.export({ format: 'jwk' });
    // COSE_Key (RFC 9053): EC2, ES256, P-256.
    this.#publicKey = cbor(new Map<number, unknown>([[1, 2], [3, -7], [-1, 1], [-2, Buffer.from(x!, 'base64url')], [-3, Buffer.from(y!, 'base64url')]]));
  }

  get id(): string {
    return base64url(this.#id);
  }

  /** As navigator.credentials.create() answers. */
  create(options: Options, lies: Lies = {}): Options {
    const { challenge, rp, user } = options as { challenge: string; rp: { id: string }; user: { id: string } };
    this.#userHandle = user.id;
    const attested = Buffer.concat([Buffer.alloc(16), Buffer.from([0, this.#id.length]), this.#id, this.#publicKey]);
    const attestation = cbor(new Map<string, unknown>([
      ['fmt', lies.format ?? 'none'], ['attStmt', lies.statement ?? new Map()], ['authData', this.#data(lies.rpId ?? rp.id, lies, attested)],
    ]));
    return this.#answer({
      clientDataJSON: this.#client('webauthn.create', lies.challenge ?? challenge, lies), attestationObject: base64url(attestation), transports: ['internal'],
    });
  }

  /** As navigator.credentials.get() answers. */
  get(options: Options, lies: Lies = {}): Options {
    const { challenge, rpId } = options as { challenge: string; rpId: string };
    this.counter += 1;
    const data = this.#data(lies.rpId ?? rpId, lies);
    const client = this.#client('webauthn.get', lies.challenge ?? challenge, lies);
    const signature = sign('sha256', Buffer.concat([data, sha256(Buffer.from(client, 'base64url'))]), this.#key);
    return this.#answer({
      clientDataJSON: client, authenticatorData: base64url(data), signature: base64url(signature), userHandle: lies.userHandle ?? this.#userHandle,
    });
  }

  #answer(response: Options): Options {
    return { id: this.id, rawId: this.id, type: 'public-key', clientExtensionResults: {}, authenticatorAttachment: 'platform', response };
  }

  #client(type: string, challenge: string, lies: Lies): string {
    return base64url(JSON.stringify({ type, challenge, origin: lies.origin ?? this.#origin, crossOrigin: false }));
  }

  /** Authenticator data: hash of the RP ID, flags (present 1, verified 4, attested 64), counter, and the credential when it is new. */
  #data(rpId: string, { verified = true }: Lies, attested: Buffer = Buffer.alloc(0)): Buffer {
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(this.counter);
    return Buffer.concat([sha256(rpId), Buffer.from([1 | (verified ? 4 : 0) | (attested.length > 0 ? 64 : 0)]), counter, attested]);
  }
}
