/** The consent room with its neighbours on a real encrypted file, at noon in the store: for its tests. */
import type { Test } from 'tap';
import type { ConsentRequest } from '../../appliance/contract/index.js';
import { Embedding, isPorticoError, type PorticoError } from '../../appliance/kit/index.js';
import { openRooms, type TestRooms } from './rooms.js';
import { TestClock } from './scratch.js';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
export const BY = { staffId: 's', deviceId: 'd' };
/** Noon in the store. */
export const NOON = Date.parse('2026-06-15T04:00:00Z');
export const photo = { embedding: new Embedding(Array.from({ length: 512 }, (_, i) => Math.sin(i))), pose: 'front' as const, norm: 3.5 };

export function start(t: Test, options: { dataDirectory?: string; clock?: TestClock } = {}) {
  const rooms = openRooms(t, { clock: new TestClock(NOON), ...options });
  const customer = (displayName = '顾客') => rooms.customers.create({ displayName }).id;
  const sign = (customerId: string, change: Partial<ConsentRequest> = {}) => rooms.consent.grant(customerId, {
    noticeId: rooms.consent.currentNotice().id, language: 'zh-CN', purposes: ['recognise'], ageConfirmed: true, validUntil: '2026-12-31',
    signature: { width: 600, height: 200, strokes: [[{ x: 0, y: 0, t: 0 }, { x: 99, y: 99.5, t: 9 }]] }, ...change,
  }, BY);
  const enrol = (customerId: string) => rooms.consent.withProof(customerId, 'recognise', (proof) => rooms.gallery.enrol(proof, [photo]));
  return { ...rooms, customer, sign, enrol };
}
export const child = (childBirthDay: string) => ({ ageConfirmed: false, guardian: { name: '李母', relation: 'mother' as const, childBirthDay } });
export function refused(work: () => unknown): Pick<PorticoError, 'code' | 'details'> | 'accepted' {
  try {
    work();
    return 'accepted';
  } catch (error) {
    if (isPorticoError(error)) return { code: error.code, details: error.details };
    throw error;
  }
}
/** What the audit log tells, newest first. */
export const told = ({ db }: Pick<TestRooms, 'db'>, action: string) =>
  db.all<{ customer: string; staff: string | null; device: string | null; detail: string }>(
    'SELECT customer_id AS customer, staff_id AS staff, device_id AS device, detail FROM audit_entry WHERE action = ? ORDER BY seq DESC', action)
    .map((entry) => ({ ...entry, detail: JSON.parse(entry.detail) as Record<string, unknown> }));
