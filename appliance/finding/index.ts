import type { FoundBy, OwnMemberCode, Product, Tag } from '../contract/index.js';
import type { EventBus } from '../events/index.js';
import type { Clock, Logger } from '../kit/index.js';
import type { Database, MovableRows } from '../storage/index.js';
import { Duplicates, type FoundPair } from './duplicates.js';
import { Search, type FoundLine } from './search.js';
import { SearchIndex } from './searchIndex.js';
import { WaysIn, type Scanned } from './waysIn.js';

export type { FoundLine, FoundPair, Scanned };

/** Finds customers without a face: by words, by what is scanned, and those that are there twice. */
export class Finding {
  readonly #db: Database;
  readonly #index: SearchIndex;
  readonly #search: Search;
  readonly #duplicates: Duplicates;
  readonly #ways: WaysIn;
  #fieldsOf: (customerId: string) => readonly string[] = () => [];
  #leavesOut: (customerId: string) => boolean = () => false;

  /** @param deps.keyFor keys of their own, from that of the database: 64 hexadecimal digits */
  constructor(deps: { db: Database; clock: Clock; events: EventBus; log: Logger; keyFor: (purpose: string) => string }) {
    this.#db = deps.db;
    this.#index = new SearchIndex(deps);
    this.#search = new Search({ db: deps.db, fieldsOf: (customerId) => this.#fieldsOf(customerId), leavesOut: (customerId) => this.#leavesOut(customerId) });
    this.#duplicates = new Duplicates(deps);
    this.#ways = new WaysIn(deps);
  }

  // ---- Wiring, before the start ------------------------------------------------------------------------------------

  /**
   * @param fieldsOf the text in a customer's own fields, one string a field: only of fields that everybody may see
   * @param leavesOut whether a customer's consent leaves own fields out: then those of dossiers that were merged into theirs are not found
   */
  fieldsFrom(fieldsOf: (customerId: string) => readonly string[], leavesOut: (customerId: string) => boolean): void {
    this.#fieldsOf = fieldsOf;
    this.#leavesOut = leavesOut;
    this.#index.fieldsFrom(fieldsOf);
  }

  /** @param productByCode the product of this barcode or number */
  productsFrom(productByCode: (code: string) => Product | null): void {
    this.#ways.productsFrom(productByCode);
  }

  /** @param isRestricted while it says yes, nothing is added to a customer */
  restrictWith(isRestricted: (customerId: string) => boolean): void {
    this.#ways.restrictWith(isRestricted);
  }

  /** Tags go along with a merge; a member code stays with its dossier and leads to the one that stayed. */
  get rows(): MovableRows {
    return this.#ways.rows;
  }

  /** From now on the index is kept in step. @returns how many rows of an older database wait, and when they are done */
  start(): { waiting: number; done: Promise<number> } {
    return this.#index.start();
  }

  /** Whether nothing is left of deleted words; if not, they are gone some moments later. */
  isClean(): boolean {
    return this.#index.isClean();
  }

  /** Whether something is there that is not found yet. */
  isBehind(): boolean {
    return this.#index.isBehind();
  }

  stop(): Promise<void> {
    return this.#index.stop();
  }

  // ---- Asking ------------------------------------------------------------------------------------------------------

  /** @param query empty: those of the last contact @param limit of lines */
  search(query: string, limit: number): FoundLine[] {
    return this.#search.find(query, limit);
  }

  /** @param tell called in the same transaction when it is one customer's @throws PorticoError scan_unknown, member_code_expired */
  scan(scan: string, tell: (customerId: string, by: FoundBy) => void): Scanned {
    return this.#ways.scan(scan, tell);
  }

  /** The surest first. */
  duplicates(): Promise<FoundPair[]> {
    return this.#duplicates.find();
  }

  tagsOf(customerId: string): Tag[] {
    return this.#ways.tagsOf(customerId);
  }

  /** Null: there is none. */
  memberCodeSince(customerId: string): string | null {
    return this.#ways.memberCodeSince(customerId);
  }

  /** @throws PorticoError member_link_invalid */
  ownMemberCode(token: string, storeName: string): OwnMemberCode {
    return this.#ways.ownMemberCode(token, storeName);
  }

  // ---- Changing ----------------------------------------------------------------------------------------------------

  /** They are two people. @throws PorticoError customer_not_found, merge_invalid */
  dismissDuplicate(one: string, other: string, staffId: string): void {
    this.#duplicates.dismiss(one, other, staffId);
  }

  /** @throws PorticoError customer_not_found, customer_merged, customer_restricted, tag_taken, tag_is_other */
  addTag(customerId: string, tag: string, label: string | null, staffId: string): Tag {
    return this.#ways.addTag(customerId, tag, label, staffId);
  }

  /** @returns whose it was @throws PorticoError tag_not_found */
  removeTag(tagId: string): string {
    return this.#ways.removeTag(tagId);
  }

  /** @returns the secret of the link @throws PorticoError customer_not_found, customer_merged, customer_restricted */
  makeMemberCode(customerId: string): { token: string; madeAt: string } {
    return this.#ways.makeMemberCode(customerId);
  }

  /** @returns whether there was one @throws PorticoError customer_not_found, customer_merged */
  endMemberCode(customerId: string): boolean {
    return this.#ways.endMemberCode(customerId);
  }

  /** Inside the transaction that erases the dossier; its words leave the index with the rows. Safe to repeat. */
  erase(customerId: string): void {
    this.#index.erase(customerId);
    this.#duplicates.erase(customerId);
    this.#ways.erase(customerId);
  }
}
