import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Machine } from './machine.js';
import type { Places } from './places.js';

const run = promisify(execFile);
const CHILD = fileURLToPath(new URL('./dataWork.js', import.meta.url));

/** SHA-256 of each migration applied, in order, and the number of the vault's form. */
export interface Form { migrations: string[]; vault: number }

/** What the child can do, and what comes back. */
export interface Works {
  size: { database: number; vault: number };
  copy: Form;
  form: Form;
  aside: Record<string, never>;
  /** `unread`: what was deleted since could not be read, so every face is. */
  back: { carried: number; unread: boolean };
  destroy: Record<string, never>;
}
export type Work = keyof Works;
export interface Given {
  data: string;
  credentials: string | null;
  /** Where the copy lies. */
  folder?: string;
  of?: string;
  database?: boolean;
  vault?: boolean;
}

/** The box's data as an update sees them: all work is done by a child with the rights of the service. */
export class Data {
  readonly #places: Places;
  readonly #machine: Machine;
  /** Copies lie in the data folder itself: the same disk, the same owner. */
  readonly rehearsal: string;
  readonly #aside: string;

  constructor(places: Places, machine: Machine) {
    this.#places = places;
    this.#machine = machine;
    this.rehearsal = join(places.data, 'update-rehearsal');
    this.#aside = join(places.data, 'update-aside');
  }

  size(): Promise<Works['size']> {
    return this.#do('size', {});
  }

  /** Of the box's own files, or of those in a folder. */
  form(of?: string): Promise<Form> {
    return this.#do('form', of === undefined ? {} : { of });
  }

  copyForRehearsal(): Promise<Form> {
    return this.#do('copy', { folder: this.rehearsal });
  }

  async destroyRehearsal(): Promise<void> {
    await this.#do('destroy', { folder: this.rehearsal });
  }

  async putAside(what: { database: boolean; vault: boolean }): Promise<void> {
    await this.#do('aside', { folder: this.#aside, ...what });
  }

  putBack(): Promise<Works['back']> {
    return this.#do('back', { folder: this.#aside });
  }

  async destroyAside(): Promise<void> {
    await this.#do('destroy', { folder: this.#aside });
  }

  #do<W extends Work>(work: W, given: Omit<Given, 'data' | 'credentials'>): Promise<Works[W]> {
    return this.#machine.withCredentials(async (credentials) => {
      const all: Given = { data: this.#places.data, credentials, ...given };
      const user = this.#machine.user();
      const { stdout } = await run(process.execPath, [CHILD, work, JSON.stringify(all)], { env: {}, maxBuffer: 1_000_000, ...(user ?? {}) });
      return JSON.parse(stdout) as Works[W];
    });
  }
}
