/** Requests of finding customers without a face. */
import { LINK_HEADER, type Duplicate, type MemberCodeLink, type OwnMemberCode, type ScanFound, type Tag } from '../contract.js';
import { call } from './client.js';

const id = encodeURIComponent;

export const finding = {
  scan: (scan: string) => call<ScanFound>('POST', '/find', { json: { scan } }),
  duplicates: () => call<Duplicate[]>('GET', '/duplicates'),
  dismiss: (a: string, b: string, keepalive = false) => call<void>('POST', '/duplicates/dismiss', { json: { a, b }, keepalive }),
  addTag: (customerId: string, tag: string) => call<Tag>('POST', `/customers/${id(customerId)}/tags`, { json: { tag } }),
  removeTag: (tagId: string, keepalive = false) => call<void>('DELETE', `/tags/${id(tagId)}`, { keepalive }),
  makeMemberCode: (customerId: string) => call<MemberCodeLink>('POST', `/customers/${id(customerId)}/member-code`),
  endMemberCode: (customerId: string, keepalive = false) => call<void>('DELETE', `/customers/${id(customerId)}/member-code`, { keepalive }),
  /** On the customer's own phone: the link's secret counts, no cookie. */
  ownMemberCode: (token: string) => call<OwnMemberCode>('GET', '/member', { headers: { [LINK_HEADER]: token } }),
} as const;
