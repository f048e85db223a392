/** A device of the store as seen from outside: REST and sockets over TLS, with cookies, as an iPad's browser would. */
import { Agent, request as httpsRequest } from 'node:https';
import WebSocket from 'ws';
import type {
  CameraMessage, CameraMode, CameraRange, ConsentRequest, CustomerCreate, Device, Dossier, Enrolled, EnrolmentProgress, ErrorBody, LiveMessage, Notice,
  PairingCode, Session, StaffMember,
} from '../appliance/contract/index.js';

/** What the box answered when it refused. */
export class RefusedError extends Error {
  constructor(readonly status: number, readonly body: ErrorBody) {
    super(`${status} ${body.code}: ${body.message}`);
  }
}

export interface Answer<T> {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: T;
}

export class PorticoClient {
  readonly #base: URL;
  readonly #rootPem: string;
  readonly #agent: Agent;
  readonly #from: { localAddress?: string };
  readonly #cookies = new Map<string, string>();

  /**
   * @param rootPem the box's root, the only one this client trusts
   * @param localAddress of this machine, to come from; default: whichever the system takes
   */
  constructor(url: string, rootPem: string, localAddress?: string) {
    this.#base = new URL(url);
    this.#rootPem = rootPem;
    this.#from = localAddress === undefined ? {} : { localAddress };
    this.#agent = new Agent({ ca: rootPem, keepAlive: true, ...this.#from });
  }

  /** Sends one request and returns whatever comes back, refusals included. */
  async send<T = unknown>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer<T>> {
    const payload = body === undefined ? undefined : body instanceof Uint8Array || typeof body === 'string' ? body : JSON.stringify(body);
    const type = payload === undefined ? {} : { 'content-type': body instanceof Uint8Array ? 'image/jpeg' : 'application/json' };
    return new Promise((resolve, reject) => {
      const request = httpsRequest(new URL(path, this.#base), {
        method, agent: this.#agent, headers: { ...type, cookie: this.cookieHeader(), ...headers },
      }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          this.#keepCookies(response.headers['set-cookie'] ?? []);
          const bytes = Buffer.concat(chunks);
          const type = response.headers['content-type'] ?? '';
          const body: unknown = type.includes('json') && bytes.length > 0 ? JSON.parse(bytes.toString('utf8'))
            : /^(application\/(pdf|zip)|image\/)/.test(type) ? bytes : bytes.toString('utf8');
          resolve({ status: response.statusCode!, headers: response.headers, body: body as T });
        });
        response.on('error', reject);
      });
      request.on('error', reject);
      request.end(payload);
    });
  }

  /** @throws RefusedError for any status from 400 on */
  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.send<T>(method, `/api/v1${path}`, body);
    if (answer.status >= 400) throw new RefusedError(answer.status, answer.body as ErrorBody);
    return answer.body;
  }

  pair(code: string, deviceName: string): Promise<Device> {
    return this.call('POST', '/pairings', { code, deviceName });
  }

  makeOwner(name: string, pin: string): Promise<StaffMember> {
    return this.call('POST', '/setup/owner', { name, pin });
  }

  signIn(staffId: string, pin: string): Promise<Session> {
    return this.call('POST', '/sessions', { staffId, pin });
  }

  /** Who is signed in shows the PIN again, as adding staff asks for. */
  prove(pin: string): Promise<void> {
    return this.call('POST', '/sessions/current/proof', { pin });
  }

  makePairingCode(): Promise<PairingCode> {
    return this.call('POST', '/pairing-codes');
  }

  createCustomer(fields: CustomerCreate): Promise<Dossier> {
    return this.call('POST', '/customers', fields);
  }

  /** Shows the current notice, so to speak, and signs for the given purposes. */
  async giveConsent(customerId: string, change: Partial<ConsentRequest> = {}): Promise<void> {
    const notice = await this.call<Notice>('GET', '/notices/current');
    const request: ConsentRequest = {
      noticeId: notice.id, language: 'zh-CN', purposes: ['recognise', 'greet'], ageConfirmed: true,
      validUntil: new Date(Date.now() + 180 * 86_400_000).toISOString().slice(0, 10),
      signature: { width: 600, height: 200, strokes: [[0, 1, 2, 3, 4].map((i) => ({ x: 80 + 60 * i, y: i % 2 === 0 ? 60 : 140, t: i * 90 }))] },
      ...change,
    };
    await this.call('POST', `/customers/${customerId}/consents`, request);
  }

  /**
   * Enrols from photos chosen by hand.
   * @param despiteLikeness this is somebody else than whom the face is enrolled for already
   * @throws RefusedError; Error naming the problem when a photo is not taken
   */
  async enrol(customerId: string, photos: readonly Uint8Array[], despiteLikeness = false): Promise<Enrolled> {
    const { enrolmentId } = await this.call<EnrolmentProgress>('POST', `/customers/${customerId}/enrolments`);
    for (const photo of photos) {
      const progress = await this.call<EnrolmentProgress>('POST', `/enrolments/${enrolmentId}/photos?pose=any`, photo);
      if (!progress.accepted) throw new Error(`the photo was not taken: ${progress.problem}`);
    }
    return this.call('POST', `/enrolments/${enrolmentId}/finish`, { acceptFewer: true, despiteLikeness });
  }

  live(resume?: { epoch: string; since: number }): SocketReader<LiveMessage> {
    const query = resume === undefined ? '' : `&epoch=${resume.epoch}&since=${resume.since}`;
    return this.open(`/api/v1/live?v=1${query}`);
  }

  camera(mode: CameraMode, range: CameraRange = 'near'): SocketReader<CameraMessage> {
    return this.open(`/api/v1/camera?v=1&mode=${mode}&range=${range}`);
  }

  open<M>(path: string, headers: Record<string, string> = {}): SocketReader<M> {
    const url = new URL(path, this.#base);
    url.protocol = 'wss:';
    return new SocketReader<M>(new WebSocket(url, { ca: this.#rootPem, ...this.#from, headers: { cookie: this.cookieHeader(), ...headers } }));
  }

  /** Closes kept connections. */
  close(): void {
    this.#agent.destroy();
  }

  /** For what is sent by hand. */
  cookieHeader(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  #keepCookies(lines: readonly string[]): void {
    for (const line of lines) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
      if (value === '') this.#cookies.delete(name!);
      else this.#cookies.set(name!, value!);
    }
  }
}

/** A socket whose messages can be awaited one by one; listens from the first moment, so nothing is missed. */
export class SocketReader<M> {
  readonly socket: WebSocket;
  readonly #unread: M[] = [];
  readonly #waiting: { resolve(message: M): void; reject(error: Error): void }[] = [];
  #ended: Error | null = null;
  /** Code with which the other side closed. */
  readonly closed: Promise<number>;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString('utf8')) as M;
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#unread.push(message);
      else waiting.resolve(message);
    });
    this.closed = new Promise((resolve) => socket.on('close', (code) => {
      this.#end(new Error(`the socket closed with ${code}`));
      resolve(code);
    }));
    socket.on('error', (error) => this.#end(error));
  }

  /** The next message. Rejects when the socket closes first. */
  next(): Promise<M> {
    const message = this.#unread.shift();
    if (message !== undefined) return Promise.resolve(message);
    if (this.#ended !== null) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** The next message of a type; others before it are thrown away. */
  async nextOf<T extends M extends { type: infer K } ? K : never>(type: T): Promise<Extract<M, { type: T }>> {
    for (;;) {
      const message = await this.next();
      if ((message as { type: unknown }).type === type) return message as Extract<M, { type: T }>;
    }
  }

  async opened(): Promise<this> {
    if (this.socket.readyState === WebSocket.CONNECTING) await new Promise((resolve, reject) => this.socket.once('open', resolve).once('error', reject));
    return this;
  }

  close(): void {
    this.socket.close();
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error);
  }
}
